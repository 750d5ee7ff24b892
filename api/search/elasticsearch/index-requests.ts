import { z } from 'zod';
import { ConnectorError } from '../../../connectors/connector-error.js';
import type { HttpService } from '../../../connectors/http-service.js';
import { StoredLinesAway } from '../stored-lines.js';

/** A part of the query DSL. */
export type Dsl = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 15_000;
/** One that does not answer is not waited for again so soon: what is in memory is told meanwhile. */
const AWAY_MS = 3_000;
const FIELDS_KNOWN_MS = 60_000;
const SCROLL_KEEP = '1m';
const SCROLL_SIZE = 10_000;
/** An index that was not made yet has no lines; an answer of some shards is none. */
const LENIENT = 'ignore_unavailable=true&allow_no_indices=true';
const SEARCH = `${LENIENT}&allow_partial_search_results=false`;

const foundHits = z.object({
  hits: z.object({
    total: z.object({ value: z.number() }).optional(),
    hits: z.array(
      z.object({
        _id: z.string(),
        _source: z.record(z.string(), z.unknown()).optional(),
        sort: z.array(z.unknown()).optional(),
      }),
    ),
  }),
  aggregations: z.unknown().optional(),
  _scroll_id: z.string().optional(),
});
export type IndexAnswer = z.output<typeof foundHits>;

const fieldCapabilities = z.object({ fields: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** The type of a field, by its name; undefined where it has none, or several. */
export type FieldTypes = ReadonlyMap<string, string | undefined>;

/** What is asked of indices: what Elasticsearch from 7.10 on and OpenSearch have in common. */
export class IndexRequests {
  readonly #service: HttpService;
  readonly #fields = new Map<string, { readonly types: FieldTypes; readonly until: number }>();
  #away: { readonly error: StoredLinesAway; readonly until: number } | undefined;

  constructor(service: HttpService) {
    this.#service = service;
  }

  /** @throws StoredLinesAway */
  async search(index: string, body: Dsl, signal: AbortSignal): Promise<IndexAnswer> {
    return this.#answered(foundHits, 'POST', `${encodeURIComponent(index)}/_search?${SEARCH}`, signal, body);
  }

  /** The ids of all documents that fit, however many they are. @throws StoredLinesAway */
  async *ids(index: string, query: Dsl, signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const first = { query, size: SCROLL_SIZE, sort: ['_doc'], _source: false };
    let scroll: string | undefined;
    try {
      const path = `${encodeURIComponent(index)}/_search?${SEARCH}&scroll=${SCROLL_KEEP}`;
      let answer = await this.#answered(foundHits, 'POST', path, signal, first);
      for (;;) {
        scroll = answer._scroll_id;
        if (answer.hits.hits.length > 0) yield answer.hits.hits.map(({ _id }) => _id);
        if (answer.hits.hits.length < SCROLL_SIZE || scroll === undefined) return;
        const next = { scroll: SCROLL_KEEP, scroll_id: scroll };
        answer = await this.#answered(foundHits, 'POST', '_search/scroll', signal, next);
      }
    } finally {
      // It ends by itself, too.
      if (scroll !== undefined) {
        const body = { scroll_id: [scroll] };
        await this.#service.request('DELETE', '_search/scroll', { body, allow: [404] }).catch(() => undefined);
      }
    }
  }

  /** @throws StoredLinesAway */
  async fieldTypes(index: string, names: readonly string[], signal: AbortSignal): Promise<FieldTypes> {
    const known = this.#fields.get(index);
    if (known !== undefined && performance.now() < known.until) return known.types;
    const path = `${encodeURIComponent(index)}/_field_caps?${LENIENT}&fields=${names.map(encodeURIComponent).join(',')}`;
    const { fields } = await this.#answered(fieldCapabilities, 'GET', path, signal);
    const types = new Map(
      Object.entries(fields).map(([name, byType]) => {
        // Of an index that has no such field.
        const own = Object.keys(byType).filter((type) => type !== 'unmapped');
        return [name, own.length === 1 ? own[0] : undefined];
      }),
    );
    if (types.size > 0) this.#fields.set(index, { types, until: performance.now() + FIELDS_KNOWN_MS });
    return types;
  }

  async #answered<Schema extends z.ZodType>(
    schema: Schema,
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    body?: Dsl,
  ): Promise<z.output<Schema>> {
    if (this.#away !== undefined && performance.now() < this.#away.until) throw this.#away.error;
    try {
      const answer = await this.#service.request(method, path, {
        ...{ signal, timeoutMs: TIMEOUT_MS },
        ...(body === undefined ? {} : { body }),
      });
      this.#away = undefined;
      return schema.parse(answer.body);
    } catch (error) {
      if (error instanceof z.ZodError) throw away('what answers there is no Elasticsearch', error);
      if (!(error instanceof ConnectorError)) throw error;
      // Where it is, is nobody's business who searches; it is in the log of the server.
      const failure = away(error.message.replaceAll(` at ${this.#service.address}`, ''), error);
      if (error.code === 'SERVICE_AWAY') this.#away = { error: failure, until: performance.now() + AWAY_MS };
      throw failure;
    }
  }
}

function away(why: string, cause: unknown): StoredLinesAway {
  return new StoredLinesAway('elasticsearch-failed', `Elasticsearch cannot be searched now: ${why}.`, cause);
}
