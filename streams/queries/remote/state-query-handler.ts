import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ArgumentError, MillraceError } from '../../errors.js';
import type { VersionedRecord } from '../../state/versioned/history.js';
import type { StoreSerdes } from '../../topology/topology.js';
import type { StateQueries } from '../state-queries.js';
import { type PartitionAnswer, StateQueryError, type StateQueryRequest } from '../state-query.js';
import {
  END_OF_ENTRIES,
  type Encoding,
  encodingOf,
  type WireRequest,
  wireRequest,
  withKeys,
} from './state-query-wire.js';

const MAX_REQUEST_BYTES = 64 * 1024;
/** Lines are sent together. */
const CHUNK_BYTES = 32 * 1024;

/** Answers a request over HTTP: of `node:http`, and of what stands on it, such as Express. */
export type StateQueryHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface StateQueryHandlerOptions {
  readonly queries: StateQueries;
  /** @throws StateQueryError UNKNOWN_STORE */
  readonly serdes: (store: string) => StoreSerdes;
  /** What others show; without one anybody is answered. */
  readonly token: string | undefined;
}

class Refusal extends MillraceError {
  constructor(
    readonly status: number,
    code: string,
    message: string,
  ) {
    super(code, message);
  }
}

/** Answers of what is in this process, and asks nobody else: a query makes one hop at most. */
export function stateQueryHandler(options: StateQueryHandlerOptions): StateQueryHandler {
  return (request, response) => {
    respond(options, request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else refuse(response, error);
    });
  };
}

async function respond(
  { queries, serdes, token }: StateQueryHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') throw new Refusal(405, 'METHOD_NOT_ALLOWED', 'queries are sent with POST');
  if (token !== undefined && !isBearerOf(token, request.headers.authorization)) {
    throw new Refusal(401, 'REFUSED', 'the token of applicationServer is missing, or is another one');
  }
  const wire = await requestOf(request);
  const { deadlineMs, maxLag, partition, store } = wire;
  const encoding = encodingOf(wire.encoding, store, serdes(store));
  let asked: StateQueryRequest;
  try {
    asked = {
      ...{ store, partitions: [partition], query: withKeys(wire.query, encoding.keyOf) },
      ...(wire.bound !== undefined && { bound: wire.bound }),
      ...(maxLag !== undefined && { maxLag: maxLag ?? Number.POSITIVE_INFINITY }),
    };
  } catch (error) {
    const code = wire.encoding === 'json' ? 'INVALID_KEY' : 'INVALID_ARGUMENT';
    throw new Refusal(400, code, `the key cannot be read: ${(error as Error).message}`);
  }
  const answer = (await queries.query(asked)).partitions.get(partition);
  const timer = setTimeout(() => response.destroy(), deadlineMs);
  response.once('close', () => clearTimeout(timer));
  response.setHeader('content-type', 'application/x-ndjson');
  response.setHeader('cache-control', 'no-store');
  const lines = linesOf(answer, wire.query.type, encoding);
  const { value: first } = await lines.next();
  // No faster than they are taken; when whoever asked goes, the store is let go.
  await pipeline(Readable.from(chunksOf(first, lines)), response);
}

async function* linesOf(
  answer: PartitionAnswer<unknown> | undefined,
  type: WireRequest['query']['type'],
  encoding: Encoding,
): AsyncGenerator<unknown> {
  if (answer?.isSuccess !== true) {
    yield answer;
    return;
  }
  const { value, ...head } = answer;
  if (type === 'key') {
    yield { ...head, value: value === undefined || value === null ? null : encoding.value(value) };
    return;
  }
  if (type === 'versioned-key') {
    yield { ...head, value: value === undefined ? null : sentVersion(value as VersionedRecord<unknown>, encoding) };
    return;
  }
  yield { ...head, hasEntries: true };
  const sent = (entry: unknown) => {
    if (type === 'version-history') return sentVersion(entry as VersionedRecord<unknown>, encoding);
    const [key, held] = entry as readonly [unknown, unknown];
    return [sentKey(key, type, encoding), encoding.value(held)];
  };
  try {
    for await (const entry of value as AsyncIterable<unknown>) yield sent(entry);
  } catch (error) {
    yield { ...END_OF_ENTRIES, error: (error as Error).message };
    return;
  }
  yield END_OF_ENTRIES;
}

function sentVersion({ value, ...times }: VersionedRecord<unknown>, encoding: Encoding): readonly unknown[] {
  return [times, encoding.value(value)];
}

function sentKey(key: unknown, type: WireRequest['query']['type'], encoding: Encoding): unknown {
  if (type === 'range') return encoding.key(key);
  if (type === 'window-key') return key;
  const windowed = key as { readonly key: unknown; readonly window: { readonly start: number; readonly end: number } };
  return { key: encoding.key(windowed.key), start: windowed.window.start, end: windowed.window.end };
}

/** Lines, many at a time. The first was made before, so that what fails in it is told. */
async function* chunksOf(first: unknown, lines: AsyncGenerator<unknown>): AsyncGenerator<string> {
  let chunk = `${JSON.stringify(first)}\n`;
  for await (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`;
    if (chunk.length < CHUNK_BYTES) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function requestOf(request: IncomingMessage): Promise<WireRequest> {
  const parsed = wireRequest.safeParse(await bodyOf(request));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(400, 'INVALID_ARGUMENT', `${issue?.path.join('.') || 'the request'}: ${issue?.message}`);
}

/** @throws Refusal */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  // A framework may have read it.
  const { body } = request as { body?: unknown };
  if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) {
      throw new Refusal(413, 'INVALID_ARGUMENT', `a query has at most ${MAX_REQUEST_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'INVALID_ARGUMENT', 'the request is no JSON');
  }
}

/** In a time that does not depend on how much of it is right. */
function isBearerOf(token: string, authorization: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(`Bearer ${token}`), digest(authorization ?? ''));
}

function refuse(response: ServerResponse, error: unknown): void {
  const { code, message, status } = refusalOf(error);
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  // What was not read of the request is not waited for.
  response.setHeader('connection', 'close');
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  response.end(JSON.stringify({ code, message }));
}

function refusalOf(error: unknown): Pick<Refusal, 'code' | 'message' | 'status'> {
  if (error instanceof Refusal) return error;
  if (error instanceof StateQueryError) {
    const { code, message } = error;
    return { status: code === 'UNKNOWN_STORE' ? 404 : 503, code, message };
  }
  if (error instanceof ArgumentError) return { status: 400, code: error.code, message: error.message };
  return { status: 500, code: 'STORE_EXCEPTION', message: 'the query could not be answered' };
}
