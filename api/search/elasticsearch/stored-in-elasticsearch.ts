import type { Log } from '@millrace/streams';
import type { HttpService } from '../../../connectors/http-service.js';
import type { LiveRecord } from '../../live/live-record.js';
import type { Span } from '../../live/record-ring.js';
import type { Range } from '../../parameters.js';
import type { LogSource } from '../../records.js';
import { Gate } from '../gate.js';
import { classOf } from '../line-class.js';
import { type LineFields, lineFieldsOf } from '../line-fields.js';
import { newestFirst } from '../line-order.js';
import { matcherOf } from '../log-query.js';
import type { LineCount, LinePosition, Stored, StoredLines, StoredQuestion, StoredSearch } from '../stored-lines.js';
import { EVERY_LINE, type IndexQuery, indexQueryOf } from './index-query.js';
import { type Dsl, type FieldTypes, IndexRequests } from './index-requests.js';
import { lineCounts } from './line-counts.js';
import { type FoundDocument, NewestDocuments, rangeFilter } from './newest-documents.js';
import { isNumberType } from './number-clauses.js';
import { sinkPosition } from './sink-position.js';
import { TopicIndex } from './topic-index.js';

interface Lines {
  readonly fields: Required<LineFields>;
  /** What they are told apart by in a histogram. */
  readonly by: 'level' | 'status';
}

/** What sinks copy to Elasticsearch. */
const LINES: Readonly<Partial<Record<LogSource, Lines>>> = {
  services: { fields: lineFieldsOf('serviceLogs'), by: 'level' },
  requests: { fields: lineFieldsOf('accessLog'), by: 'status' },
};
const SEARCHES = 4;
const WAITING = 60;

export interface StoredInElasticsearchOptions {
  /** What a tenant's topics, and so its indices, begin with. Default of none. */
  readonly prefix?: string;
  /** Of so few lines all are looked at, where the index does not know a field. Default 20,000. */
  readonly scanned?: number;
  /** As many lines are read for a search at most. Default 200,000. */
  readonly mostRead?: number;
  /** A search reads no longer than that. Default 15,000 ms. */
  readonly withinMs?: number;
}

/** What a search is of, in an index. */
interface Plan {
  readonly index: TopicIndex;
  readonly lines: Lines;
  readonly types: FieldTypes;
  readonly query: IndexQuery;
  readonly stored: Stored;
  readonly onTheWay: readonly Span[];
}

/** Lines in indices of Elasticsearch or OpenSearch, as the sinks of `connectors/` write them. */
export class StoredInElasticsearch implements StoredLines {
  readonly name = 'elasticsearch';
  readonly #requests: IndexRequests;
  readonly #log: Pick<Log, 'endOffset' | 'partitions'>;
  readonly #options: Required<StoredInElasticsearchOptions>;
  readonly #searches = new Gate(SEARCHES, WAITING);

  constructor(
    service: HttpService,
    log: Pick<Log, 'endOffset' | 'partitions'>,
    options: StoredInElasticsearchOptions = {},
  ) {
    this.#requests = new IndexRequests(service);
    this.#log = log;
    this.#options = { prefix: '', scanned: 20_000, mostRead: 200_000, withinMs: 15_000, ...options };
  }

  keeps(source: LogSource): boolean {
    return LINES[source] !== undefined;
  }

  find(search: StoredSearch) {
    return this.#searches.pass(search.signal, async () => {
      const plan = await this.#planOf(search);
      const records: LiveRecord[] = [];
      const reading = this.#read(plan, search, search.limit);
      let next = await reading.next();
      for (; !next.done; next = await reading.next()) {
        for (const record of next.value) records.push(record);
        if (records.length >= search.limit) break;
      }
      const isLimited = next.done === true && next.value;
      records.sort(newestFirst);
      const { notSearched } = plan.query;
      return { records: records.slice(0, search.limit), stored: plan.stored, isLimited, notSearched };
    });
  }

  async line(
    source: LogSource,
    { offset, partition, topic }: Pick<LiveRecord, 'offset' | 'partition' | 'topic'>,
    signal: AbortSignal,
  ): Promise<LiveRecord | undefined> {
    const index = this.#indexOf(topic);
    const query = { ids: { values: [index.idOf({ partition, offset })] } };
    const documents = new NewestDocuments(this.#requests, index, [query], signal);
    for await (const [found] of documents.groups(1, () => true)) {
      if (found !== undefined) return recordOf(found, topic, linesOf(source).fields);
    }
    return undefined;
  }

  counts(question: StoredQuestion, step: number) {
    return this.#searches.pass(question.signal, async () => {
      const plan = await this.#planOf(question);
      const { notSearched } = plan.query;
      const answer = { stored: plan.stored, notSearched };
      const counts = await this.#countedByIndex(plan, question, step);
      if (counts !== undefined) return { ...answer, counts, isLimited: false };
      return { ...answer, ...(await this.#countedHere(plan, question, step)) };
    });
  }

  /** Undefined where the index cannot tell those that fit. */
  async #countedByIndex({ index, lines, onTheWay, query, types }: Plan, question: StoredQuestion, step: number) {
    const { held, range, signal } = question;
    const { doubts, filter, isExact } = query;
    if (filter === undefined) return [];
    if (!isExact || !canCount(types, lines.by)) return undefined;
    return lineCounts(this.#requests, index, {
      ...{ filter, doubts, range, step, by: lines.by, signal },
      leftOut: [...held.spans, ...onTheWay],
    });
  }

  async #countedHere(plan: Plan, question: StoredQuestion, step: number) {
    const counts = new Map<string, { time: number; name: string; count: number }>();
    const reading = this.#read(plan, question, Number.POSITIVE_INFINITY);
    let next = await reading.next();
    for (; !next.done; next = await reading.next()) {
      for (const { time, value } of next.value) {
        const counted = { time: Math.floor(time / step) * step, name: classOf(value), count: 0 };
        const key = `${counted.time} ${counted.name}`;
        const one = counts.get(key) ?? counted;
        counts.set(key, one);
        one.count++;
      }
    }
    return { counts: [...counts.values()] satisfies LineCount[], isLimited: next.value };
  }

  async #planOf(question: StoredQuestion): Promise<Plan> {
    const { held, range, signal, source, terms } = question;
    const index = this.#indexOf(held.topic);
    const lines = linesOf(source);
    const { booleans, numbers, texts } = lines.fields;
    const names = ['timestamp', ...texts.flatMap((name) => [name, `${name}.keyword`]), ...numbers, ...booleans];
    const types = await this.#requests.fieldTypes(index.name, names, signal);
    const { onTheWay, stored } = await sinkPosition(this.#requests, index, this.#log, held, signal);
    const query = indexQueryOf(terms, lines.fields, types);
    const isScanned = query.notSearched.length > 0 && (await this.#hasFew(index, range, signal));
    return { index, lines, types, stored, onTheWay, query: isScanned ? EVERY_LINE : query };
  }

  async #hasFew(index: TopicIndex, range: Range, signal: AbortSignal): Promise<boolean> {
    const most = this.#options.scanned;
    const body = { size: 0, query: { bool: { filter: rangeFilter(range) } }, track_total_hits: most + 1 };
    const { hits } = await this.#requests.search(index.name, body, signal);
    return (hits.total?.value ?? 0) <= most;
  }

  /** Lines that fit, in groups, the newest first. @returns whether there may be more, which were not read */
  async *#read(
    { index, lines, query, stored }: Plan,
    search: StoredQuestion & Pick<StoredSearch, 'before'>,
    wanted: number,
  ): AsyncGenerator<LiveRecord[], boolean> {
    const { before, held, range, signal, terms } = search;
    if (query.filter === undefined) return false;
    const to = Math.min(range.to, (before?.time ?? Number.POSITIVE_INFINITY) + 1);
    const filter: Dsl[] = [...query.filter, ...rangeFilter({ from: range.from, to })];
    const matches = matcherOf(terms);
    const isHeld = (place: LinePosition) =>
      place.offset >= (stored.get(place.partition) ?? Number.POSITIVE_INFINITY) ||
      held.spans.some(
        ({ first, last, partition }) => partition === place.partition && place.offset >= first && place.offset <= last,
      );
    const keeps = (place: LinePosition) => !isHeld(place) && (before === undefined || newestFirst(place, before) > 0);
    const deadline = performance.now() + this.#options.withinMs;
    let read = 0;
    const documents = new NewestDocuments(this.#requests, index, filter, signal);
    for await (const group of documents.groups(wanted, keeps)) {
      read += group.length;
      const records = group.map((document) => recordOf(document, held.topic, lines.fields));
      yield records.filter(({ value }) => matches(value));
      if (read >= this.#options.mostRead || performance.now() > deadline) return true;
    }
    return false;
  }

  #indexOf(topic: string): TopicIndex {
    return new TopicIndex(topic, this.#options.prefix);
  }
}

function linesOf(source: LogSource): Lines {
  const lines = LINES[source];
  if (lines === undefined) throw new TypeError(`no index has ${source}`);
  return lines;
}

/** Whether an index was made by a template of `connectors/`, as far as counts need it. */
function canCount(types: FieldTypes, by: Lines['by']): boolean {
  return (
    types.get('timestamp') === 'date' && (by === 'level' ? types.get(by) === 'keyword' : isNumberType(types.get(by)))
  );
}

/** As the lake has it. */
function recordOf(
  { offset, partition, source, time }: FoundDocument,
  topic: string,
  { booleans, maps, numbers, texts }: Required<LineFields>,
): LiveRecord {
  const names = [...texts, ...numbers, ...booleans, ...maps];
  const value = Object.fromEntries(names.map((name) => [name, source[name] ?? null]));
  return { topic, partition, offset, time, key: null, value: { ...value, timestamp: time } };
}
