import type { EventIntake } from '../../event-intake.js';
import type { EventBatch } from '../../log-source.js';
import { type Sink, together } from '../sink.js';
import { BulkError, type BulkItem, readBulk } from './bulk.js';
import { idOf } from './content-id.js';
import { type HttpAnswer, type HttpCall, type HttpEndpoint, HttpRefusal, json } from './http-call.js';

/** Under it the whole of the protocol is answered, also where something else stands at the root. */
const PREFIX = '/elasticsearch';
const BULK = /^(?:\/([^/_][^/]*))?(?:\/_doc)?\/_bulk$/;
/** What senders ask about, or prepare, before they send: templates, life cycles, pipelines, licences. */
const PREPARATIONS =
  /^\/_(?:license|xpack|ilm|index_template|component_template|template|ingest|data_stream|cluster|nodes|alias|aliases|cat|security)(?:\/|$)/;
/** Of the Elasticsearch whose `_bulk` this is: senders look whether they can speak with it. */
const VERSION = '8.17.0';
const PRODUCT = { 'X-Elastic-Product': 'Elasticsearch' };
const SOURCE = 'bulk';
const NOT_FOUND = { error: { type: 'resource_not_found_exception', reason: 'nothing is kept here' }, status: 404 };

/** The words for statuses that Elasticsearch has. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'illegal_argument_exception',
  401: 'security_exception',
  403: 'security_exception',
  413: 'content_too_long_exception',
  429: 'es_rejected_execution_exception',
};

/**
 * Elasticsearch's `_bulk`, and as much around it as Filebeat, Fluent Bit, Logstash and Vector ask for before they use it. A
 * document is a line of a log; what index it is for does not matter.
 */
export class ElasticsearchEndpoint implements HttpEndpoint {
  readonly #events: EventIntake;
  readonly #sink: Sink;

  constructor(events: EventIntake, sink: Sink) {
    this.#events = events;
    this.#sink = sink;
  }

  takes(_method: string, path: string): boolean {
    return path === PREFIX || path.startsWith(`${PREFIX}/`) || BULK.test(path) || PREPARATIONS.test(path);
  }

  async answer(call: HttpCall): Promise<HttpAnswer> {
    const { method } = call;
    const path = pathOf(call.path);
    const bulk = BULK.exec(path);
    if (bulk !== null) {
      if (method !== 'POST' && method !== 'PUT') throw new HttpRefusal(405, 'method-not-allowed', '_bulk is for POST.');
      return this.#bulk(call, bulk[1] ?? '');
    }
    if (path === '/') return json(200, INFORMATION, PRODUCT);
    return preparation(method, path);
  }

  refusal(_call: Pick<HttpCall, 'headers' | 'path'>, { message, status }: HttpRefusal): HttpAnswer {
    return json(status, { error: { type: TYPES[status] ?? 'exception', reason: message }, status }, PRODUCT);
  }

  async #bulk(call: HttpCall, index: string): Promise<HttpAnswer> {
    const startedAt = performance.now();
    const body = await call.body();
    const items = itemsOf(body, index);
    const batches = items.map((item) => this.#read(item));
    const ids = items.length === 0 ? undefined : idOf('/_bulk', body);
    if (ids !== undefined) await this.#sink.take(together(batches), body.length, ids);
    const answers = items.map((item, number) => itemAnswer(item, batches[number]));
    const errors = answers.some((answer) => Object.values(answer).some(({ status }) => status >= 300));
    return json(200, { took: Math.round(performance.now() - startedAt), errors, items: answers }, PRODUCT);
  }

  #read({ action, source }: BulkItem): EventBatch {
    if (action !== 'delete' && source !== undefined) {
      this.#events.addLine(action === 'update' ? documentOf(source) : source, SOURCE);
    }
    return this.#events.take();
  }
}

/** Without the prefix. */
function pathOf(path: string): string {
  if (!path.startsWith(PREFIX)) return path;
  const rest = path.slice(PREFIX.length).replace(/\/+$/, '');
  return rest === '' ? '/' : rest;
}

/** @throws HttpRefusal 400 */
function itemsOf(body: Buffer, index: string): BulkItem[] {
  try {
    return readBulk(body.toString(), index);
  } catch (cause) {
    if (!(cause instanceof BulkError)) throw cause;
    throw new HttpRefusal(400, 'damaged-body', cause.message, undefined, { cause });
  }
}

/** Of an update: what is in `doc`, or `upsert`. */
function documentOf(source: string): string {
  try {
    const { doc, upsert } = JSON.parse(source) as { readonly doc?: unknown; readonly upsert?: unknown };
    const document = doc ?? upsert;
    return document === undefined ? source : JSON.stringify(document);
  } catch {
    return source;
  }
}

type ItemAnswer = Record<string, { readonly status: number; readonly [field: string]: unknown }>;

function itemAnswer({ action, id, index }: BulkItem, batch: EventBatch | undefined): ItemAnswer {
  const target = { _index: index, _id: id ?? null };
  const reason = batch?.badLines[0]?.reason;
  if (action === 'delete') {
    return { delete: { ...target, status: 400, error: { type: TYPES[400], reason: 'what is taken is not deleted' } } };
  }
  if (reason !== undefined) {
    return { [action]: { ...target, status: 400, error: { type: 'document_parsing_exception', reason } } };
  }
  const written = { _version: 1, result: 'created', _shards: { total: 1, successful: 1, failed: 0 } };
  return { [action]: { ...target, ...written, _seq_no: 0, _primary_term: 1, status: 201 } };
}

const INFORMATION = {
  name: 'millrace',
  cluster_name: 'millrace',
  cluster_uuid: 'millrace',
  version: {
    number: VERSION,
    build_flavor: 'default',
    build_type: 'tar',
    build_hash: 'unknown',
    build_date: '2024-12-11T00:00:00.000Z',
    build_snapshot: false,
    lucene_version: '9.12.0',
    minimum_wire_compatibility_version: '7.17.0',
    minimum_index_compatibility_version: '7.0.0',
  },
  tagline: 'You Know, for Search',
};

/** Of what senders prepare nothing is needed here: it is said to be done. What they ask for is not there yet. */
function preparation(method: string, path: string): HttpAnswer {
  if (method === 'PUT' || method === 'POST') return json(200, { acknowledged: true }, PRODUCT);
  if (path.startsWith('/_license') || path.startsWith('/_xpack')) {
    const license = { status: 'active', uid: 'millrace', type: 'basic', mode: 'basic' };
    return json(200, { license, features: {} }, PRODUCT);
  }
  if (path.startsWith('/_cluster/health')) {
    return json(200, { cluster_name: 'millrace', status: 'green', timed_out: false, number_of_nodes: 1 }, PRODUCT);
  }
  return json(404, NOT_FOUND, PRODUCT);
}
