import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oracleCase } from './cases.js';
import { comparable, toKafkaStreams } from './differences.js';
import { KafkaStreams, whyNoKafkaStreams } from './kafka-streams.js';
import { runMillrace } from './millrace.js';
import type { OracleCase } from './topology-spec.js';

const SEED = Number(process.env['MILLRACE_ORACLE_SEED'] ?? 20_260_101);
const RUNS = Number(process.env['MILLRACE_ORACLE_RUNS'] ?? 3000);
/** Of a failed run: goes to its minimal case at once. */
const PATH = process.env['MILLRACE_ORACLE_PATH'];
/** On a machine that has much else to do. */
const MS_PER_RUN = 200;

const reason = await whyNoKafkaStreams();

describe.skipIf(reason)('the DSL equals Kafka Streams', () => {
  let kafkaStreams: KafkaStreams;
  beforeAll(async () => {
    kafkaStreams = await KafkaStreams.start();
  });
  afterAll(() => kafkaStreams?.close());

  async function check(given: OracleCase): Promise<void> {
    const [theirs, ours] = await Promise.all([kafkaStreams.run(toKafkaStreams(given)), runMillrace(given)]);
    const expected = comparable(given, theirs).join('\n');
    const actual = comparable(given, ours).join('\n');
    if (actual !== expected) throw new Error(difference(given, expected, actual));
  }

  it(
    `record by record, in ${RUNS} topologies with inputs of their own`,
    async () => {
      const property = fc.asyncProperty(oracleCase, check);
      await fc.assert(property, { seed: SEED, numRuns: RUNS, ...(PATH === undefined ? {} : { path: PATH }) });
    },
    60_000 + RUNS * MS_PER_RUN,
  );
});

it('the cases cover every operator, and most write records', async () => {
  const cases = fc.sample(oracleCase, { seed: SEED, numRuns: 200 });
  const operators = new Set(cases.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  expect([...operators].sort()).toEqual([
    ...[
      'aggregate',
      'branch',
      'count',
      'filter',
      'filterNot',
      'flatMap',
      'flatMapValues',
      'groupTable',
      'joinForeignKey',
      'joinGlobal',
    ],
    ...[
      'joinStreams',
      'joinTable',
      'joinTables',
      'map',
      'mapValues',
      'merge',
      'peek',
      'process',
      'reduce',
      'repartition',
      'selectKey',
    ],
    ...[
      'split',
      'stream',
      'suppress',
      'table',
      'tableFilter',
      'tableFilterNot',
      'tableMapValues',
      'to',
      'toStream',
      'toTable',
    ],
  ]);
  let writing = 0;
  for (const given of cases) if ((await runMillrace(given)).flat().length > 0) writing++;
  expect(writing).toBeGreaterThan(cases.length * 0.85);
});

function difference({ commitEvery, nodes, repartition, steps }: OracleCase, expected: string, actual: string): string {
  const listed = (items: readonly object[]) => items.map((item, i) => `  ${i} ${JSON.stringify(item)}`).join('\n');
  return [
    `seed ${SEED}; repartition ${repartition}, a commit every ${commitEvery} records; the topology:`,
    listed(nodes),
    'the steps:',
    listed(steps),
    'Kafka Streams:',
    expected,
    'Millrace:',
    actual,
  ].join('\n');
}
