import { extractors } from './functions.js';
import { PUNCTUATING_PROCESSORS } from './processors.js';
import {
  areSessions,
  areSliding,
  commitsOf,
  type OracleCase,
  type Outputs,
  type SpecNode,
  type Step,
  type WindowsSpec,
} from './topology-spec.js';
import { allTraits, isAggregate, isJoin, sourceGroups, type Traits } from './traits.js';

/**
 * What is, on purpose, not as in Kafka Streams (docs/differences.md), said to Kafka Streams in its own operators, each
 * where it applies and nowhere else:
 *
 * - `clock`: a windowed aggregate that not every record of its source reaches is given the source's stream time.
 * - `commit`: where a commit may change a row several times, updates are held back to the commit, and the last is sent.
 * - `delayMs`: final results of windows whose end is the time of a record wait until none can come any more.
 * - `passesOverNulls`: a windowed reduce is not given null values.
 * - `retentionMs`: closed windows that were not sent yet are kept, however far event time jumps.
 */
export interface KafkaStreamsCase {
  readonly nodes: readonly object[];
  /** By commit. */
  readonly steps: readonly (readonly object[])[];
}

/** Tells a join, at each commit, the highest time of its sources. */
interface JoinClock {
  readonly topic: string;
  readonly sources: readonly number[];
}

/** Longer than any run. */
const RETENTION_MS = 10 * 365 * 86_400_000;

export function toKafkaStreams(given: OracleCase): KafkaStreamsCase {
  const { nodes, steps } = given;
  const traits = allTraits(given);
  const group = sourceGroups(nodes, traits);
  const oncePerCommit = needsCommits(nodes, traits);
  const nullKeys = steps.some((step) => 'key' in step && step.key === null);
  const clocks = new Map<number, string>();
  /** Topics of the clocks that tell joins at each commit. */
  const joinClocks: JoinClock[] = [];
  const spec = nodes.map((node, id) => {
    if (node.op === 'toStream') {
      const table = traits[node.of] as Traits;
      return oncePerCommit && table.held ? { ...node, commit: `commit-${id}`, final: table.closing } : node;
    }
    if (node.op === 'suppress' && node.until === 'final') {
      return { ...node, delayMs: closesAfterMs((traits[node.of] as Traits).windows) };
    }
    if (isJoin(node)) {
      const [left, right] = [traits[node.of] as Traits, traits[node.with] as Traits];
      const repartitions = left.keyChanged;
      if (node.op !== 'joinStreams') return { ...node, repartitions };
      joinClocks.push({ topic: `join-clock-${id}`, sources: [group(left.source), group(right.source)] });
      return { ...node, repartitions, repartitionsOther: right.keyChanged, clock: `join-clock-${id}` };
    }
    if (!isAggregate(node) || node.windows === null) return node;
    const parent = traits[node.of] as Traits;
    const source = group(parent.source);
    const read = topicsOf(nodes, (id) => group(id) === source);
    const passesOverNulls = node.op === 'reduce';
    const needsClock =
      areSliding(node.windows) ||
      parent.incomplete ||
      nullKeys ||
      node.groupBy === 'first' ||
      passesOverNulls ||
      read.length > parent.topics.length;
    if (needsClock) clocks.set(source, `clock-${source}`);
    return {
      ...node,
      windows: { ...node.windows, retentionMs: RETENTION_MS },
      ...(needsClock ? { clock: `clock-${source}`, repartitions: node.groupBy !== null || parent.keyChanged } : {}),
      ...(passesOverNulls ? { passesOverNulls: true } : {}),
    };
  });
  return { nodes: spec, steps: withClocks(nodes, commitsOf(given), group, clocks, joinClocks) };
}

/** How long after its end a window takes records: one whose end is the time of a record does at its very bound. */
function closesAfterMs(windows: WindowsSpec | null): number {
  if (windows === null) throw new Error('there are no windows to close');
  if (areSliding(windows)) return windows.graceMs + 1;
  return windows.graceMs + (areSessions(windows) ? windows.gapMs + 1 : 0);
}

/** Whether what an aggregate sends depends on how often it sends. */
function needsCommits(nodes: readonly SpecNode[], traits: readonly Traits[]): boolean {
  return nodes.some((node) => {
    if (isAggregate(node)) {
      return (traits[node.of] as Traits).multiple || areSessions(node.windows) || areSliding(node.windows);
    }
    if (node.op === 'groupTable') return true;
    if (node.op !== 'process') return false;
    return PUNCTUATING_PROCESSORS.includes(node.processor) && (traits[node.of] as Traits).held;
  });
}

function topicsOf(nodes: readonly SpecNode[], included: (source: number) => boolean): string[] {
  return nodes.flatMap((node, id) => {
    if (node.op === 'stream' && included(id)) return node.topics;
    return node.op === 'table' && included(id) ? [node.topic] : [];
  });
}

/** Each record is preceded by its source's stream time, for the clocks that go by it. */
function withClocks(
  nodes: readonly SpecNode[],
  commits: readonly (readonly Step[])[],
  group: (source: number) => number,
  clocks: ReadonlyMap<number, string>,
  joinClocks: readonly JoinClock[],
): object[][] {
  const times = new Map<number, number>();
  const withClock = (step: Step): object => {
    if ('advanceMs' in step) return step;
    // Its table has no time.
    if (nodes.some((node) => node.op === 'joinGlobal' && node.topic === step.topic)) return { ...step, clocks: [] };
    const source = nodes.findIndex(
      (node) =>
        (node.op === 'stream' && node.topics.includes(step.topic)) ||
        (node.op === 'table' && node.topic === step.topic),
    );
    const node = nodes[source];
    if (node?.op !== 'stream' && node?.op !== 'table') throw new Error(`no source reads "${step.topic}"`);
    const time = Math.max(times.get(group(source)) ?? 0, extractors[node.extractor](step.value, step.timestamp));
    times.set(group(source), time);
    const topic = clocks.get(group(source));
    return { ...step, clocks: topic === undefined ? [] : [{ topic, time }] };
  };
  const joinTimes = () =>
    joinClocks.map(({ sources, topic }) => ({ topic, time: Math.max(...sources.map((id) => times.get(id) ?? 0)) }));
  return commits.map((commit) => [
    ...commit.map(withClock),
    { clocks: joinTimes(), ...(joinClocks.length > 0 ? { forgetTimes: true } : {}) },
  ]);
}

/**
 * Brings outputs into a form that is equal where the engines agree: topic by topic; and where a topic's records come by
 * ways between which neither engine promises an order, those of one commit sorted.
 */
export function comparable(given: OracleCase, outputs: Outputs): string[] {
  const { nodes } = given;
  const traits = allTraits(given);
  const ordered = new Map<string, boolean>();
  const headed = new Set<string>();
  nodes.forEach((node, id) => {
    if (node.op === 'to') {
      ordered.set(node.topic, (traits[id] as Traits).ordered);
      if ((traits[id] as Traits).headed) headed.add(node.topic);
    }
    if (node.op === 'peek') ordered.set(`peek-${id}`, (traits[id] as Traits).ordered);
  });
  return outputs.flatMap((records, commit) =>
    [...ordered].flatMap(([topic, isOrdered]) => {
      const lines = records
        .filter((record) => record.topic === topic)
        .map(({ header, key, value, timestamp }) => {
          const time = timestamp === undefined ? '' : ` @ ${timestamp}`;
          const head = headed.has(topic) && header ? `, header ${header}` : '';
          return `commit ${commit}, ${topic}: ${JSON.stringify(key)} = ${JSON.stringify(value)}${time}${head}`;
        });
      return isOrdered ? lines : lines.sort();
    }),
  );
}
