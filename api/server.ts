import { randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { z } from 'zod';
import type { HttpReceiver } from '../app/ingestion/receive-http.js';
import type { Authentication } from './auth/authentication.js';
import { isAllowed, type Visitor } from './auth/visitor.js';
import { apiDocs } from './docs-page.js';
import { BASE_PATH, openApiDocument } from './openapi.js';
import { invalid, Problem, problemBody } from './problems.js';
import { receive } from './receive.js';
import type { Call, Resource, Route } from './route.js';
import { rootRoutes } from './routes/root.js';
import type { Services } from './services.js';
import { dashboardFiles, inlineScriptHashes } from './static-files.js';

const MAX_BODY = '1mb';
const MINUTE_MS = 60_000;
/** Calls of one address in a minute. */
export interface RateLimits {
  readonly all: number;
  /** Those that cost much. */
  readonly heavy: number;
  readonly 'sign-in': number;
}
const LIMITS: RateLimits = { all: 3_000, heavy: 120, 'sign-in': 20 };

/** Paths that other systems' clients know; they are answered as the new ones are. */
const OLD_PATHS: Readonly<Record<string, string>> = {
  '/api/metrics': `${BASE_PATH}/metrics`,
  '/api/logs': `${BASE_PATH}/logs`,
  '/api/anomalies': `${BASE_PATH}/anomalies`,
  '/api/query': `${BASE_PATH}/query`,
  '/events': `${BASE_PATH}/events`,
};

export interface ServerOptions {
  readonly resources: readonly Resource[];
  readonly services: Services;
  /** Of the dashboard, which may not be there. */
  readonly dashboardDirectory: string;
  /** Names by which the server may be asked; undefined: any. On loopback others are somebody's web page that was made to point here. */
  readonly hostNames: ReadonlySet<string> | undefined;
  /** Default 3,000, 120 and 20. */
  readonly rateLimits?: RateLimits | undefined;
  /** Takes events; undefined where none are taken. */
  readonly receiver?: HttpReceiver | undefined;
}

/** The server's application, for a port or a test. */
export function createServer(options: ServerOptions): Express {
  const { dashboardDirectory, resources, services } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', 'weak');
  app.use((request, response, next) => {
    const requestId = randomUUID();
    response.locals['requestId'] = requestId;
    response.set('X-Request-Id', requestId);
    const startedAt = performance.now();
    response.on('finish', () => {
      const ms = Math.round(performance.now() - startedAt);
      const path = request.originalUrl.split('?')[0];
      services.logger.debug({ requestId, method: request.method, path, status: response.statusCode, ms }, 'request');
    });
    if (options.hostNames !== undefined && !options.hostNames.has(hostNameOf(request))) {
      throw new Problem(403, 'unknown-host', 'This server is not known by the name in the Host header.');
    }
    next();
  });
  app.use(receive(options.receiver, services.authentication));
  app.use(securityHeaders(inlineScriptHashes(dashboardDirectory)));
  app.use((request, _response, next) => {
    const path = Object.hasOwn(OLD_PATHS, request.path) ? OLD_PATHS[request.path] : undefined;
    if (path !== undefined) request.url = path + request.url.slice(request.path.length);
    next();
  });
  app.use(rootRoutes(options));
  const document = openApiDocument(resources, services.version);
  app.get('/api/openapi.json', (_request, response) => {
    response.json(document);
  });
  app.use('/api/docs', apiDocs());
  app.use(BASE_PATH, apiRouter(options));
  app.use('/api', (request) => {
    throw new Problem(
      404,
      'not-found',
      `There is nothing at ${request.originalUrl.split('?')[0]}; /api/docs shows what there is.`,
    );
  });
  app.use(dashboardFiles(dashboardDirectory));
  app.use((request) => {
    throw new Problem(404, 'not-found', `There is nothing at ${request.path}.`);
  });
  app.use(problems(services));
  return app;
}

function hostNameOf({ headers }: Request): string {
  return (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
}

function securityHeaders(scriptHashes: readonly string[]) {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", ...scriptHashes],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whoever puts TLS before it sets that there: on plain HTTP browsers ignore it.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
}

function apiRouter({ rateLimits = LIMITS, resources, services }: ServerOptions): Router {
  const router = Router();
  const limits = {
    all: limitOf(rateLimits.all),
    heavy: limitOf(rateLimits.heavy),
    'sign-in': limitOf(rateLimits['sign-in']),
  };
  router.use(limits.all);
  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  const routes = resources.flatMap((resource) => resource.routes);
  const parseJson = express.json({ limit: MAX_BODY, type: 'application/json' });
  // `/a/b` before `/a/{id}`.
  for (const route of routes.toSorted(byVariables)) {
    const path = expressPath(route.path);
    const steps = [
      ...(route.limit === undefined ? [] : [limits[route.limit]]),
      ...(route.body === undefined ? [] : [requireJson, parseJson]),
    ];
    router[route.method](path, ...steps, (request, response) => answer(route, request, response, services));
  }
  for (const path of new Set(routes.toSorted(byVariables).map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    router.all(expressPath(path), (request, response) => {
      response.set('Allow', methods.join(', '));
      throw new Problem(405, 'method-not-allowed', `${request.path} has ${methods.join(', ')}, not ${request.method}.`);
    });
  }
  return router;
}

function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function byVariables(one: Route, other: Route): number {
  const variables = ({ path }: Route) => path.split('{').length;
  return variables(one) - variables(other);
}

function limitOf(limit: number) {
  return rateLimit({
    windowMs: MINUTE_MS,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // What a caller says of where it is from is not looked at, and is nothing to warn of.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (request, _response, next) => {
      const resetAt = (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit?.resetTime?.getTime();
      const seconds = Math.max(1, Math.ceil(((resetAt ?? Date.now() + MINUTE_MS) - Date.now()) / 1000));
      next(
        new Problem(429, 'too-many-requests', `There may be ${limit} such requests a minute; go on in ${seconds} s.`, {
          retryAfterSeconds: seconds,
        }),
      );
    },
  });
}

function requireJson(request: Request, _response: Response, next: NextFunction): void {
  if (request.is('application/json') === false) {
    throw new Problem(415, 'not-json', 'The body must be JSON, and Content-Type application/json.');
  }
  next();
}

async function answer(route: Route, request: Request, response: Response, services: Services): Promise<void> {
  const { authentication } = services;
  const visitor = await admit(route, request, authentication);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const call: Call<unknown, unknown, unknown> = {
    params: parsed('path', route.params, request.params),
    query: parsed('query', route.query, request.query),
    body: parsed('body', route.body, request.body),
    visitor,
    requestId: response.locals['requestId'] as string,
    signal: gone.signal,
    stillAllowed: () => route.role === 'anybody' || authentication.isStillAllowed(visitor),
    request,
    response,
  };
  const result = await route.handle(call, services);
  if (route.writes !== undefined || response.headersSent) return;
  if (route.answer === undefined) response.status(route.status ?? 204).end();
  else response.status(route.status ?? 200).json(result);
}

async function admit(route: Route, request: Request, authentication: Authentication): Promise<Visitor> {
  if (route.role === 'anybody') return { name: 'anybody', role: 'viewer', kind: 'anybody' };
  const visitor = await authentication.visitorOf(request);
  if (visitor === undefined)
    throw new Problem(401, 'not-signed-in', 'Sign in, or send a token as Authorization: Bearer.');
  if (!isAllowed(visitor, route.role)) {
    throw new Problem(403, 'role-too-low', `It needs the role ${route.role}; ${visitor.name} has ${visitor.role}.`);
  }
  return visitor;
}

const nothing = z.object({});

function parsed(part: string, schema: z.ZodType = nothing, value: unknown): unknown {
  const { data, error, success } = schema.safeParse(value ?? {});
  if (!success) throw invalid(part, error);
  return data;
}

/** What body-parser and Express itself say. */
const httpError = z.object({ status: z.number().int().min(400).max(499), type: z.string().optional() });

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { data } = httpError.safeParse(error);
  if (data?.type === 'entity.parse.failed') return new Problem(400, 'invalid-json', 'The body is no JSON.');
  if (data?.status === 413) return new Problem(413, 'too-large', `The body is larger than ${MAX_BODY}.`);
  if (data !== undefined) return new Problem(data.status, 'invalid-request', 'The request cannot be used.');
  return new Problem(500, 'failed', 'The server failed at this; its log says more under the request id.', {
    cause: error,
  });
}

function problems({ logger }: Services) {
  return (error: unknown, request: Request, response: Response, next: NextFunction) => {
    const problem = asProblem(error);
    const requestId = String(response.locals['requestId'] ?? '');
    const path = request.originalUrl.split('?')[0] ?? '';
    if (problem.status >= 500) {
      logger.error({ requestId, method: request.method, path, err: problem.more.cause ?? problem }, 'request failed');
    }
    if (response.headersSent) return next(error);
    if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer');
    const { retryAfterSeconds } = problem.more;
    if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
    response.status(problem.status).type('application/problem+json');
    response.send(JSON.stringify(problemBody(problem, path, requestId)));
  };
}
