import createClient from 'openapi-fetch';
import type { components, operations, paths } from './schema.js';

export type Schemas = components['schemas'];
export type Incident = Schemas['Incident'];
export type IncidentDetail = Schemas['IncidentDetail'];
export type Alert = Schemas['Alert'];
export type LogLine = Schemas['LogLine'];
export type WebStatistics = Schemas['WebStatistics'];
export type SystemFigures = Schemas['SystemFigures'];
export type Metrics = operations['getMetrics']['responses'][200]['content']['application/json'];

/** What a request failed with, as the server says it. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    detail: string,
    readonly status: number,
    readonly requestId: string | undefined,
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(detail);
  }
}

/** The header says that the call is this page's own and no other site's. */
export const api = createClient<paths>({ baseUrl: '/api/v1', headers: { 'X-Millrace': '1' } });

interface Answered<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer, or what it failed with. @throws ApiProblem */
export async function answerOf<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await reached(asked);
  if (response.ok && data !== undefined) return data;
  throw problemOf(response, error);
}

/** Of a request that is answered by nothing. @throws ApiProblem */
export async function doneBy(asked: Promise<Answered<unknown>>): Promise<void> {
  const { error, response } = await reached(asked);
  if (!response.ok) throw problemOf(response, error);
}

async function reached<T>(asked: Promise<Answered<T>>): Promise<Answered<T>> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiProblem('The server cannot be reached.', 0, undefined, undefined);
  }
}

/** What a response failed with, of what its body says. */
export function problemOf(response: Response, said: unknown): ApiProblem {
  const problem = isProblem(said) ? said : undefined;
  const retryAfter = Number(response.headers.get('Retry-After'));
  return new ApiProblem(
    problem?.detail ?? `The server answered ${response.status}.`,
    response.status,
    problem?.request_id ?? response.headers.get('X-Request-Id') ?? undefined,
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  );
}

function isProblem(error: unknown): error is Schemas['Problem'] {
  return typeof error === 'object' && error !== null && 'detail' in error;
}
