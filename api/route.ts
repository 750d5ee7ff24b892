import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Role, Visitor } from './auth/visitor.js';
import type { Services } from './services.js';

export type Method = 'get' | 'post' | 'put' | 'delete';

/** What a handler is told of a request. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly visitor: Visitor;
  readonly requestId: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Whether whoever asks is still let in: for answers that take long. */
  stillAllowed(): boolean;
  readonly request: Request;
  readonly response: Response;
}

/** Answers hold what topics hold, which is not to be changed. */
type Unchanged<T> = T extends readonly (infer Item)[]
  ? readonly Unchanged<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Unchanged<T[Key]> }
    : T;

/** An answer that the handler writes itself, such as a stream. */
export interface Written {
  /** One of these. */
  readonly contentTypes: readonly string[];
  readonly description: string;
}

interface Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: Method;
  /** Below the base of the API, such as `/incidents/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** `anybody` needs no sign-in. */
  readonly role: Role | 'anybody';
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Of an answer that is good; default 200, and 204 where there is no answer. */
  readonly status?: number;
  /** Statuses of problems that the route has of its own. */
  readonly problems?: readonly number[];
  /** Such requests are counted apart, and fewer of them are let through. */
  readonly limit?: 'sign-in' | 'heavy';
}

type Answering<A extends z.ZodType, C> = {
  readonly answer: A;
  handle(call: C, services: Services): Promise<Unchanged<z.output<A>>> | Unchanged<z.output<A>>;
};
type Silent<C> = { readonly answer?: undefined; handle(call: C, services: Services): Promise<void> | void };
type Writing<C> = { readonly writes: Written; handle(call: C, services: Services): Promise<void> | void };

/** A route of the table: what may be asked, by whom, what is answered, and by what. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly role: Role | 'anybody';
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answer?: z.ZodType;
  readonly writes?: Written;
  readonly status?: number;
  readonly problems?: readonly number[];
  readonly limit?: 'sign-in' | 'heavy';
  handle(call: Call<unknown, unknown, unknown>, services: Services): unknown;
}

/** Routes about one kind of thing. */
export interface Resource {
  readonly name: string;
  readonly description: string;
  readonly routes: readonly Route[];
}

type CallOf<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Call<
  z.output<P>,
  z.output<Q>,
  z.output<B>
>;
type None = z.ZodObject<Record<never, never>>;

/** A route with the types of what it is asked and answers. */
export function route<
  A extends z.ZodType,
  P extends z.ZodType = None,
  Q extends z.ZodType = None,
  B extends z.ZodType = None,
>(definition: Definition<P, Q, B> & Answering<A, CallOf<P, Q, B>>): Route {
  return definition as unknown as Route;
}

/** A route without an answer but its status. */
export function silentRoute<P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  definition: Definition<P, Q, B> & Silent<CallOf<P, Q, B>>,
): Route {
  return definition as unknown as Route;
}

/** A route that writes its answer itself. */
export function writingRoute<P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  definition: Definition<P, Q, B> & Writing<CallOf<P, Q, B>>,
): Route {
  return definition as unknown as Route;
}

/** The parameters of a path that has only an identifier. */
export const idParams = z.object({ id: z.string().min(1).max(500) });
