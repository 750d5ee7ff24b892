/**
 * The root of every error that Millrace makes: tell them apart by `code`, which is stable, and not by their messages,
 * which say what was wrong, with which value, and what to do.
 */
export class MillraceError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** A value that a function cannot take, such as a duration that is none or an option that does not exist. */
export class ArgumentError extends MillraceError<'INVALID_ARGUMENT'> {
  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_ARGUMENT', message, options);
  }
}

/** What cannot be done in the state that an application is in, or what has brought it there. */
export class LifecycleError extends MillraceError<
  /** `Streams#start` was called twice. */
  | 'ALREADY_STARTED'
  /** There is nothing at work that could do it. */
  | 'NOT_RUNNING'
  /** It was closed meanwhile. */
  | 'CLOSED'
  /** Another instance of the application has failed, and has shut down all. */
  | 'SHUT_DOWN'
> {}
