/**
 * What a function of an operator answers: anything but a promise, for the next operator is called at once and could not
 * wait for it. Generic code that answers a `T` of its caller's says so: `(value: V) => Synchronous<T>`.
 */
export type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;
