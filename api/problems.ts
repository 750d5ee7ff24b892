import { z } from 'zod';

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request cannot be used',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not there',
  405: 'No such method',
  408: 'Took too long',
  409: 'In conflict with what is there',
  410: 'Gone',
  413: 'Too large',
  415: 'Not of a known type',
  422: 'Refused',
  429: 'Too many requests',
  431: 'Too large',
  500: 'Failed',
  503: 'Not available now',
};

/** A part of a request that is wrong. */
export interface FieldError {
  /** Such as `query.from`. */
  readonly field: string;
  readonly message: string;
}

/** Answered as RFC 9457 has it. The `code` is stable; the detail says what is wrong, with which value, and what to do. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly more: {
      readonly errors?: readonly FieldError[];
      readonly retryAfterSeconds?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? {} : { cause: more.cause });
  }
}

export function notFound(what: string, name: string): Problem {
  return new Problem(404, 'not-found', `There is no ${what} "${name}".`);
}

export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'Names the kind of problem: `urn:millrace:problem:` and its code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().meta({ description: 'The path that was asked for.' }),
    request_id: z.string().meta({ description: 'Also in the header X-Request-Id, and in the log of the server.' }),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

export function problemBody(problem: Problem, instance: string, requestId: string): z.output<typeof problemSchema> {
  const { errors } = problem.more;
  return {
    type: `urn:millrace:problem:${problem.code}`,
    title: TITLES[problem.status] ?? 'Failed',
    status: problem.status,
    detail: problem.detail,
    instance,
    request_id: requestId,
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
}

/** What a schema has refused of a part of the request. */
export function invalid(part: string, error: z.ZodError): Problem {
  const errors = error.issues.map(({ message, path }) => ({ field: [part, ...path].join('.'), message }));
  const said = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new Problem(400, 'invalid-request', said, { errors });
}
