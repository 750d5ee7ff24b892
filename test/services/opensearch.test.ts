import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import type { AccessLog, Goal1 } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { millrace, temporaryDirectory } from '../integration/millrace.js';
import { kibanaObjects } from '../kibana-objects.js';
import { until } from '../until.js';
import { emptyPanels } from './kibana-queries.js';
import { OpenSearch } from './open-search.js';
import { type Services, startServices, whyNoServices } from './services.js';

const REQUESTS = 300;
const WITHIN_MS = 120_000;
const FIRST_MS = Date.UTC(2026, 0, 1);
const reason = (await OpenSearch.whyNot()) ?? (await whyNoServices(['connect']));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let opensearch: OpenSearch;
let services: Services;
let log: KafkaLog;
let registry: ConfluentRegistry;
let serdes: GoalSerdes;

async function ask(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${opensearch.url}/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': typeof body === 'string' ? 'application/x-ndjson' : 'application/json' },
  });
  return response.json();
}

async function count(index: string, query: object = { match_all: {} }): Promise<number> {
  const counted = z.object({ count: z.int() }).safeParse(await ask(`${index}/_count`, { query }));
  return counted.data?.count ?? 0;
}

async function write(topic: string, records: readonly (readonly [key: string, value: Uint8Array | null])[]) {
  const transaction = log.transaction();
  for (const [key, value] of records) transaction.append(topic, 0, FIRST_MS, Buffer.from(key), value);
  await transaction.commit();
}

function apply() {
  const { connectUrl, registryUrl } = services.internalAddresses;
  return millrace([
    ...['connectors', 'apply', 'elasticsearch-test-inter', 'elasticsearch-goals', '--variant', 'local'],
    ...['--connect', connectUrl, '--registry', registryUrl, '--elasticsearch', opensearch.url, '--timeout', '4m'],
  ]);
}

const request = (number: number): AccessLog => ({
  ...{ server: 'web-1', client_ip: `10.0.0.${number % 100}`, method: 'GET', status: number % 10 === 0 ? 503 : 200 },
  ...{ request_time: 0.25, host: 'shop.example', country: 'DE', timestamp: FIRST_MS + number * 1000 },
});

const goal1 = (client_ip: string, count: number): Goal1 => {
  return { client_ip, window_start: FIRST_MS, window_end: FIRST_MS + 20_000, count };
};

describe.skipIf(reason)('OpenSearch, in place of Elasticsearch', () => {
  beforeAll(async () => {
    directory = await temporaryDirectory();
    services = await startServices(['kafka', 'registry', 'connect']);
    opensearch = await OpenSearch.start(directory.path);
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
    registry = new ConfluentRegistry({ url: services.addresses.registryUrl });
    const { topics } = DEFAULT_GOAL_CONFIG;
    for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: 1 });
    serdes = await registerSerdes(registry, topics);
    const requests = Array.from({ length: REQUESTS }, (_, i) => request(i));
    await write(
      'test-inter',
      requests.map((one) => [one.client_ip, Buffer.from(serdes.accessLog.serialize('test-inter', one))]),
    );
    const counted = (client: string, n: number) =>
      [`${client}@${FIRST_MS}`, Buffer.from(serdes.goal1.serialize('goal1-topic', goal1(client, n)))] as const;
    await write('goal1-topic', [counted('10.0.0.1', 11), counted('10.0.0.2', 12), counted('10.0.0.1', 19)]);
    await write('goal1-topic', [[`10.0.0.2@${FIRST_MS}`, null]]);
    const applied = await apply();
    expect(applied.code, applied.stderr).toBe(0);
    expect(applied.stdout).toContain('index template test-inter: created');
    await until(async () => (await count('test-inter')) >= REQUESTS && (await count('goal1-topic')) > 0, {
      patienceMs: WITHIN_MS,
      progress: () => count('test-inter'),
    });
  });

  afterAll(async () => {
    registry?.close();
    await log?.close();
    await opensearch?.close();
    await services?.close();
    await directory?.remove();
  });

  it('has each request once, and of each window what was counted last', async () => {
    expect(await count('test-inter')).toBe(REQUESTS);
    await until(async () => (await count('goal1-topic')) === 1, { patienceMs: WITHIN_MS });
    const found = z
      .object({ _source: z.unknown() })
      .parse(await ask(`goal1-topic/_doc/${encodeURIComponent(`10.0.0.1@${FIRST_MS}`)}`));
    expect(found._source).toEqual(goal1('10.0.0.1', 19));
  });

  it('maps fields as the templates say: networks, dates by their alias, and whole texts', async () => {
    expect(await count('test-inter', { term: { client_ip: '10.0.0.0/28' } })).toBe(48);
    const before = new Date(FIRST_MS + 10_000).toISOString();
    expect(await count('test-inter', { range: { '@timestamp': { lt: before } } })).toBe(10);
    expect(await count('test-inter', { query_string: { query: 'status:[500 TO 599]' } })).toBe(REQUESTS / 10);
  });

  it('does not let a record that comes again undo a later one, as the sink’s versions ask', async () => {
    const document = JSON.stringify(goal1('10.0.0.9', 11));
    const at = (version: number) =>
      `${JSON.stringify({ index: { _index: 'goal1-topic', _id: 'again', version, version_type: 'external_gte' } })}\n${document}\n`;
    const answer = await ask('_bulk?refresh=true', at(7) + at(7) + at(6));
    const { items } = z.object({ items: z.array(z.object({ index: z.object({ status: z.int() }) })) }).parse(answer);
    expect(items.map(({ index }) => index.status)).toEqual([201, 200, 409]);
    await ask('goal1-topic/_delete_by_query?refresh=true', { query: { ids: { values: ['again'] } } });
  });

  it('leaves templates and connectors alone that are as they were', async () => {
    const again = await apply();
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('index template test-inter: unchanged');
    expect(again.stdout).toContain('connector elasticsearch-goals: unchanged');
  });

  it('answers what the charts over requests and goals ask', async () => {
    const objects = kibanaObjects();
    const web = objects.find(({ id }) => id === 'millrace-web');
    if (web === undefined) throw new Error('there is no dashboard millrace-web');
    for (const index of ['goal2-topic', 'goal3-topic', 'goal4-topic', 'server-errors-topic']) {
      await ask(`${index}/_bulk?refresh=true`, '{"index":{"_id":"none"}}\n{"window_start":0}\n');
    }
    const empty = await emptyPanels(
      web,
      objects.filter(({ type }) => type === 'search'),
      opensearch.url,
    );
    // Nothing was written of the other goals; that their charts were asked without an error is what counts.
    expect(empty.filter((title) => !/goal [234]|Bursts/.test(title))).toEqual([]);
  });
});
