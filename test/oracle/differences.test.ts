import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparable } from './differences.js';
import { KafkaStreams, whyNoKafkaStreams } from './kafka-streams.js';
import { runMillrace } from './millrace.js';
import type { OracleCase, SpecNode, Step, WindowsSpec } from './topology-spec.js';

const reason = await whyNoKafkaStreams();

function at(timestamp: number, value: string | null = 'aa', key: string | null = 'k'): Step {
  return { topic: 'in', key, value, timestamp, header: null };
}

const SOURCE: SpecNode = { op: 'stream', topics: ['in'], extractor: 'record' };

function tumbling(sizeMs: number, emit: WindowsSpec['emit'] = 'onUpdate'): WindowsSpec {
  return { sizeMs, advanceMs: sizeMs, graceMs: 0, emit };
}

/** What docs/differences.md says of Kafka Streams, seen in Kafka Streams as it is. */
describe.skipIf(reason)('Millrace differs from Kafka Streams, on purpose', () => {
  let kafkaStreams: KafkaStreams;
  beforeAll(async () => {
    kafkaStreams = await KafkaStreams.start();
  });
  afterAll(() => kafkaStreams?.close());

  /** Pipes the steps through the nodes and a sink. */
  async function both(operators: readonly SpecNode[], steps: readonly Step[]) {
    const nodes: SpecNode[] = [SOURCE, ...operators, { op: 'to', of: operators.length, topic: 'out' }];
    const given: OracleCase = { nodes, steps, commitEvery: 1, repartition: 'auto' };
    const plain = { nodes, steps: steps.map((step) => [{ ...step, clocks: [] }]) };
    const short = (lines: readonly string[]) => lines.map((line) => line.replace(', out', ''));
    return {
      theirs: short(comparable(given, await kafkaStreams.run(plain))),
      ours: short(comparable(given, await runMillrace(given))),
    };
  }

  it('records that a filter drops move stream time', async () => {
    const { theirs, ours } = await both(
      [
        { op: 'filter', of: 0, predicate: 'evenLength' },
        { op: 'count', of: 1, groupBy: null, windows: tumbling(10) },
        { op: 'toStream', of: 2 },
      ],
      [at(1), at(10, 'odd'), at(2)],
    );
    expect(theirs).toEqual(['commit 0: "[k@0/10]" = "1" @ 1', 'commit 2: "[k@0/10]" = "2" @ 2']);
    expect(ours).toEqual(['commit 0: "[k@0/10]" = "1" @ 1']);
  });

  it('a row that changes several times within a commit is sent once', async () => {
    const { theirs, ours } = await both(
      [
        { op: 'flatMapValues', of: 0, mapper: 'letters' },
        { op: 'count', of: 1, groupBy: null, windows: null },
        { op: 'toStream', of: 2 },
      ],
      [at(1, 'ab')],
    );
    expect(theirs).toEqual(['commit 0: "k" = "1" @ 1', 'commit 0: "k" = "2" @ 1']);
    expect(ours).toEqual(['commit 0: "k" = "2" @ 1']);
  });

  it('windows that close after a gap in event time are not lost', async () => {
    const { theirs, ours } = await both(
      [
        { op: 'count', of: 0, groupBy: null, windows: tumbling(10, 'onWindowClose') },
        { op: 'toStream', of: 1 },
      ],
      [at(1), at(1000), at(2000)],
    );
    expect(theirs).toEqual([]);
    expect(ours).toEqual(['commit 1: "[k@0/10]" = "1" @ 1', 'commit 2: "[k@1000/1010]" = "1" @ 1000']);
  });

  it('reduce over windows passes over null values', async () => {
    const { theirs, ours } = await both(
      [
        { op: 'reduce', of: 0, groupBy: null, windows: tumbling(10), function: 'last' },
        { op: 'toStream', of: 1 },
      ],
      [at(1), at(2, null)],
    );
    expect(theirs).toEqual(['commit 0: "[k@0/10]" = "aa" @ 1', 'commit 1: "[k@0/10]" = null @ 2']);
    expect(ours).toEqual(['commit 0: "[k@0/10]" = "aa" @ 1']);
  });

  it('reduce over hopping windows takes values in the order of their time', async () => {
    const windows: WindowsSpec = { sizeMs: 20, advanceMs: 10, graceMs: 20, emit: 'onUpdate' };
    const { theirs, ours } = await both(
      [
        { op: 'reduce', of: 0, groupBy: null, windows, function: 'concat' },
        { op: 'toStream', of: 1 },
      ],
      [at(15, 'b'), at(5, 'a')],
    );
    expect(theirs.at(-1)).toBe('commit 1: "[k@0/20]" = "ba" @ 15');
    expect(ours.at(-1)).toBe('commit 1: "[k@0/20]" = "ab" @ 15');
  });

  it('a session that grows without new bounds is not deleted first', async () => {
    const windows: WindowsSpec = { gapMs: 10, graceMs: 20, emit: 'onUpdate' };
    const { theirs, ours } = await both(
      [
        { op: 'count', of: 0, groupBy: null, windows },
        { op: 'toStream', of: 1 },
      ],
      [at(1), at(5), at(3)],
    );
    const grown = ['commit 0: "[k@1/1]" = "1" @ 1', 'commit 1: "[k@1/1]" = null @ 1', 'commit 1: "[k@1/5]" = "2" @ 5'];
    expect(theirs).toEqual([...grown, 'commit 2: "[k@1/5]" = null @ 5', 'commit 2: "[k@1/5]" = "3" @ 5']);
    expect(ours).toEqual([...grown, 'commit 2: "[k@1/5]" = "3" @ 5']);
  });

  it('the final result of a session is sent once, when nothing can join it', async () => {
    const windows: WindowsSpec = { gapMs: 10, graceMs: 5, emit: 'onUpdate' };
    const { theirs, ours } = await both(
      [
        { op: 'count', of: 0, groupBy: null, windows },
        { op: 'suppress', of: 1, until: 'final' },
        { op: 'toStream', of: 2 },
      ],
      [at(10), at(25, 'aa', 'other'), at(10), at(26, 'aa', 'other')],
    );
    // And the session is open, but is not found by the record.
    expect(theirs).toEqual(['commit 1: "[k@10/10]" = "1" @ 10', 'commit 2: "[k@10/10]" = "1" @ 10']);
    expect(ours).toEqual(['commit 3: "[k@10/10]" = "2" @ 10']);
  });

  it('a filter behind a suppress is told what was sent of a row, not what was held back', async () => {
    const { theirs, ours } = await both(
      [
        { op: 'toTable', of: 0 },
        { op: 'suppress', of: 1, until: 'limit', limitMs: 10, maxRecords: null },
        { op: 'tableFilter', of: 2, predicate: 'evenLength' },
        { op: 'toStream', of: 3 },
      ],
      [at(1, 'aa'), at(2, 'odd'), at(12, 'x', 'other'), at(30, 'x', 'other')],
    );
    // No row of k was ever sent: there is nothing to delete.
    expect(theirs).toEqual(['commit 2: "k" = null @ 2']);
    expect(ours).toEqual([]);
  });

  it('a session that never had a row is not deleted', async () => {
    const windows: WindowsSpec = { gapMs: 10, graceMs: 20, emit: 'onUpdate' };
    const { theirs, ours } = await both(
      [
        { op: 'aggregate', of: 0, groupBy: null, windows, function: 'untilEven' },
        { op: 'toStream', of: 1 },
      ],
      [at(1)],
    );
    expect(theirs).toEqual(['commit 0: "[k@1/1]" = null @ 1']);
    expect(ours).toEqual([]);
  });

  it('a filtered row that came and went within a commit is not deleted', async () => {
    const { theirs, ours } = await both(
      [
        { op: 'flatMapValues', of: 0, mapper: 'letters' },
        { op: 'reduce', of: 1, groupBy: null, windows: null, function: 'concat' },
        { op: 'tableFilterNot', of: 2, predicate: 'evenLength' },
        { op: 'toStream', of: 3 },
      ],
      [at(1, 'ab')],
    );
    expect(theirs).toEqual(['commit 0: "k" = "a" @ 1', 'commit 0: "k" = null @ 1']);
    expect(ours).toEqual([]);
  });
});
