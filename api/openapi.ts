import type { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { createDocument, type oas31 } from 'zod-openapi';
import { problemSchema } from './problems.js';
import type { Resource, Route } from './route.js';

export const BASE_PATH = '/api/v1';
const PROBLEM_TYPE = 'application/problem+json';

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'A part of the request cannot be used.',
  401: 'Nobody is signed in.',
  403: 'It needs a higher role.',
  404: 'There is no such thing.',
  405: 'The path has no such method.',
  409: 'In conflict with what is there.',
  410: 'It has been used, or has expired.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'What is asked for is refused.',
  429: 'Too many requests; Retry-After says how long to wait.',
  431: 'The request line and headers have more than 64 KiB.',
  503: 'A service that it needs is not there now.',
};

/** The OpenAPI document of the table of routes. */
export function openApiDocument(resources: readonly Resource[], version: string): oas31.OpenAPIObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const resource of resources) {
    for (const route of resource.routes) {
      const operations = paths[route.path] ?? {};
      operations[route.method] = operationOf(route, resource.name);
      paths[route.path] = operations;
    }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        'What a pipeline has found and what its logs hold. Times are milliseconds since the epoch. Problems are RFC 9457.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: BASE_PATH }],
    tags: resources.map(({ name, description }) => ({ name, description })),
    paths: paths as ZodOpenApiPathsObject,
    security: [{ bearer: [] }, { session: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token, or a machine token (`mlr_…`).' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'millrace_session',
          description: 'What signing in sets. Calls that change something need the header `X-Millrace: 1` beside it.',
        },
      },
    },
  });
}

function operationOf(route: Route, tag: string): ZodOpenApiOperationObject {
  const good = route.status ?? (route.answer === undefined && route.writes === undefined ? 204 : 200);
  const responses: Record<string, unknown> = { [good]: goodAnswer(route) };
  for (const status of problemsOf(route)) {
    responses[status] = {
      description: MEANINGS[status] ?? 'It failed.',
      content: { [PROBLEM_TYPE]: { schema: problemSchema } },
    };
  }
  return {
    operationId: operationId(route),
    tags: [tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.role === 'anybody' ? { security: [] } : {}),
    requestParams: {
      ...(route.params === undefined ? {} : { path: route.params as z.ZodObject }),
      ...(route.query === undefined ? {} : { query: route.query as z.ZodObject }),
    },
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: responses as ZodOpenApiOperationObject['responses'],
  };
}

function goodAnswer({ answer, writes }: Route): unknown {
  if (writes !== undefined) {
    const content = writes.contentTypes.map((type) => [type, { schema: { type: 'string' } }]);
    return { description: writes.description, content: Object.fromEntries(content) };
  }
  if (answer === undefined) return { description: 'Done.' };
  return { description: 'The answer.', content: { 'application/json': { schema: answer } } };
}

/** What any route of its kind may answer, and what it says of itself. */
export function problemsOf({ body, params, problems = [], query, role }: Route): number[] {
  const statuses = new Set([429, 431, ...problems]);
  if (params !== undefined || query !== undefined || body !== undefined) statuses.add(400);
  if (body !== undefined) for (const status of [413, 415]) statuses.add(status);
  if (role !== 'anybody') for (const status of [401, 403]) statuses.add(status);
  return [...statuses].sort((one, other) => one - other);
}

function operationId({ method, path }: Route): string {
  const words = path
    .split('/')
    .filter((word) => word !== '')
    .map((word) => (word.startsWith('{') ? `by-${word.slice(1, -1)}` : word));
  return [method, ...words].join('-').replace(/[^a-zA-Z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase());
}
