import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { MillraceError } from '../../errors.js';
import type { HostInfo } from '../../runtime/group/group-members.js';
import type { VersionedRecord } from '../../state/versioned/history.js';
import { Windowed } from '../../state/windows/windowed.js';
import type { StoreSerdes } from '../../topology/topology.js';
import { failed } from '../local-state-queries.js';
import {
  type PartitionAnswer,
  type PartitionFailure,
  StateQueryError,
  type StateQueryFailure,
  type StateQueryRequest,
} from '../state-query.js';
import type { ApplicationServer, ApplicationServerTls } from './application-server.js';
import { Exchange } from './exchange.js';
import {
  type Encoding,
  encodingOf,
  positionOf,
  STATE_QUERIES_PATH,
  type WireRequest,
  wireAnswer,
  withKeys,
} from './state-query-wire.js';

/** What the code of a refusal means for who has asked. */
const FAILURES: Readonly<Record<string, StateQueryFailure>> = {
  REFUSED: 'REFUSED',
  // It runs another version of the topology.
  UNKNOWN_STORE: 'NOT_PRESENT',
  NOT_RUNNING: 'NOT_AVAILABLE',
  NOT_AVAILABLE: 'NOT_AVAILABLE',
  INVALID_ARGUMENT: 'STORE_EXCEPTION',
  INVALID_KEY: 'INVALID_KEY',
  STORE_EXCEPTION: 'STORE_EXCEPTION',
};

/** A partition of a store that one instance is asked for. */
export interface InstanceQuery {
  readonly host: HostInfo;
  readonly partition: number;
  readonly request: StateQueryRequest;
  /** Of the store; without them keys and values are JSON, as the instance makes it. */
  readonly serdes?: StoreSerdes;
  /** By when the answer is to begin, in milliseconds from now. */
  readonly answerMs: number;
  /** By when all entries are to be here. */
  readonly deadlineMs: number;
}

/**
 * Asks instances of an application, each for one partition of a store: for a program that is not one of them, such as a server.
 *
 * @example
 * const client = new StateQueryClient({ token });
 * const request = { store: 'counts', query: { type: 'key', key: 'a' } } as const;
 * const answer = await client.ask({ host, partition: 0, request, answerMs: 2_000, deadlineMs: 2_000 });
 */
export class StateQueryClient {
  readonly #token: string | undefined;
  readonly #tls: ApplicationServerTls | undefined;

  constructor({ tls, token }: Pick<ApplicationServer, 'tls' | 'token'> = {}) {
    this.#token = token;
    this.#tls = tls;
  }

  async ask({
    answerMs,
    deadlineMs,
    host,
    partition,
    request,
    serdes,
  }: InstanceQuery): Promise<PartitionAnswer<unknown>> {
    const startedAt = performance.now();
    const sentAs = serdes === undefined ? 'json' : 'bytes';
    const encoding = encodingOf(sentAs, request.store, serdes);
    let body: string;
    try {
      body = JSON.stringify({ ...sentOf(partition, request, encoding, deadlineMs), encoding: sentAs });
    } catch (error) {
      return failed('STORE_EXCEPTION', `the serde of the store's keys: ${(error as Error).message}`);
    }
    const place = urlOf(host, this.#tls === undefined ? 'http' : 'https');
    const exchange = new Exchange(place, body, this.#headers(), this.#tls?.ca);
    exchange.within(answerMs);
    let isEnded = true;
    try {
      const response = await exchange.post();
      if (response.statusCode !== 200) return await refusalOf(response, place);
      const lines = linesOf(response);
      const answer = wireAnswer.parse((await lines.next()).value);
      if (!answer.isSuccess) return failed(failureOf(answer.failure), answer.message);
      const { hasEntries, isActive, lag, value } = answer;
      const rest = { isSuccess: true, position: positionOf(answer.position), isActive, lag, host } as const;
      if (hasEntries !== true) {
        // To its end, so that the connection is used again.
        await lines.next();
        return { ...rest, value: heldOf(value, request.query.type, encoding) };
      }
      exchange.within(deadlineMs - (performance.now() - startedAt));
      isEnded = false;
      return { ...rest, value: entriesOf(lines, request.query.type, encoding, place, exchange) };
    } catch (error) {
      if (exchange.isLate) return failed('DEADLINE_EXCEEDED');
      if (error instanceof UnreadableValue) return failed('STORE_EXCEPTION', error.message);
      return failed('UNREACHABLE', `${place} does not answer: ${reasonOf(error)}`);
    } finally {
      if (isEnded) exchange.end();
    }
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (this.#token !== undefined) headers['authorization'] = `Bearer ${this.#token}`;
    return headers;
  }
}

class UnreadableValue extends MillraceError<'UNREADABLE_VALUE'> {}

function heldOf(sent: unknown, type: WireRequest['query']['type'], encoding: Encoding): unknown {
  if (sent === null || sent === undefined) return undefined;
  try {
    if (type === 'versioned-key') return versionOf(sent, encoding);
    return encoding.valueOf(sent);
  } catch (cause) {
    throw new UnreadableValue('UNREADABLE_VALUE', `the serde of the store's values: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function sentOf(
  partition: number,
  { bound, maxLag, query, store }: StateQueryRequest,
  encoding: Encoding,
  deadlineMs: number,
): Record<string, unknown> {
  return {
    ...{ store, partition, query: withKeys(query, encoding.key) },
    ...(bound !== undefined && { bound }),
    ...(maxLag !== undefined && { maxLag: Number.isFinite(maxLag) ? maxLag : null }),
    deadlineMs: Math.max(1, Math.ceil(deadlineMs)),
  };
}

async function refusalOf(response: IncomingMessage, place: string): Promise<PartitionFailure> {
  const { value } = await linesOf(response)
    .next()
    .catch(() => ({ value: undefined }));
  const { code, message } = (value ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const failure = typeof code === 'string' && Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined;
  if (failure !== undefined) return failed(failure, `${place}: ${message}`);
  return failed('UNREACHABLE', `${place} answers ${response.statusCode}; is the handler of state queries there?`);
}

async function* entriesOf(
  lines: AsyncGenerator<unknown>,
  type: WireRequest['query']['type'],
  encoding: Encoding,
  place: string,
  exchange: Exchange,
): AsyncGenerator<unknown> {
  try {
    for await (const line of lines) {
      if (Array.isArray(line) && type === 'version-history') yield versionOf(line, encoding);
      else if (Array.isArray(line)) yield [entryKeyOf(line[0], type, encoding), encoding.valueOf(line[1])];
      else {
        const { error } = line as { readonly error?: string };
        if (error === undefined) return;
        throw new StateQueryError('UNREACHABLE', `${place} could not read all entries: ${error}`);
      }
    }
    throw new StateQueryError('UNREACHABLE', `${place} has ended before its entries did; ask again`);
  } catch (cause) {
    if (exchange.isLate) {
      const told = `the entries of ${place} did not come in time; ask for fewer, or with a later deadline`;
      throw new StateQueryError('DEADLINE_EXCEEDED', told, { cause });
    }
    if (cause instanceof StateQueryError) throw cause;
    throw new StateQueryError('UNREACHABLE', `${place} has ended before its entries did: ${reasonOf(cause)}`, {
      cause,
    });
  } finally {
    exchange.end();
  }
}

function versionOf(sent: unknown, encoding: Encoding): VersionedRecord<unknown> {
  const [{ timestamp, validTo }, value] = sent as [{ readonly timestamp: number; readonly validTo?: number }, unknown];
  return { value: encoding.valueOf(value), timestamp, validTo };
}

function entryKeyOf(sent: unknown, type: WireRequest['query']['type'], encoding: Encoding): unknown {
  if (type === 'range') return encoding.keyOf(sent);
  if (type === 'window-key') return sent;
  const { end, key, start } = sent as { readonly key: unknown; readonly start: number; readonly end: number };
  return new Windowed(encoding.keyOf(key), { windowStart: () => start, windowEnd: () => end }, 0);
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
  if (rest !== '') yield JSON.parse(rest);
}

function failureOf(told: string): StateQueryFailure {
  const known: readonly string[] = [
    'NOT_PRESENT',
    'NOT_ACTIVE',
    'NOT_UP_TO_BOUND',
    'DOES_NOT_EXIST',
    'UNKNOWN_QUERY_TYPE',
  ];
  return known.includes(told) ? (told as StateQueryFailure) : 'STORE_EXCEPTION';
}

function urlOf({ host, port }: HostInfo, protocol: 'http' | 'https'): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}${STATE_QUERIES_PATH}`;
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
