import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { type HttpReceiver, HttpRefusal } from '../app/ingestion/receive-http.js';
import type { Authentication } from './auth/authentication.js';
import { Problem } from './problems.js';

/** What senders of events call, whether they are taken or not. */
const EVENT_PATHS = /^(?:\/v1\/logs|\/elasticsearch(?:\/.*)?|(?:\/[^/_][^/]*)?\/_bulk)$/;
const POSTED = new Set(['/api/v1/events', '/api/v1/ingest']);

/** Takes events, beside the API and without its limits: it has its own, on what is taken at a time. */
export function receive(receiver: HttpReceiver | undefined, authentication: Authentication) {
  const admit = async (request: IncomingMessage) => {
    try {
      await authentication.senderOf(request);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      throw new HttpRefusal(cause.status, cause.code, cause.detail, undefined, { cause });
    }
  };
  return async (request: Request, response: Response, next: NextFunction) => {
    if (isElasticsearchRoot(request)) request.url = '/elasticsearch/';
    const { method, path } = request;
    if (receiver === undefined) {
      if (EVENT_PATHS.test(path) || (method === 'POST' && POSTED.has(path))) throw notTaken();
      return next();
    }
    const answer = await receiver.answer(request, admit);
    if (answer === undefined) return next();
    const { body, headers, status, type } = answer;
    response.status(status).set({ 'Cache-Control': 'no-store', ...headers, 'Content-Type': type });
    response.end(body);
  };
}

/** Elasticsearch's clients ask at the root what they speak with; a browser wants the dashboard there. */
function isElasticsearchRoot(request: Request): boolean {
  const { headers, method, path } = request;
  if (path !== '/' || (method !== 'GET' && method !== 'HEAD')) return false;
  const accepted = headers.accept ?? '';
  return accepted.includes('json') && !accepted.includes('html');
}

function notTaken(): Problem {
  return new Problem(
    404,
    'not-receiving',
    'This server takes no events: start the pipeline with --listen, or with another source of its own.',
  );
}
