import { z } from 'zod';

const durations = z.object({
  count: z.number(),
  ms: z.object({
    sum: z.number(),
    buckets: z.array(z.object({ le: z.number().nullable(), count: z.number() })),
  }),
});

/** What is read of a record of the topic of statuses; what an instance of another version lacks is left out. */
const status = z.object({
  instance: z.string(),
  application: z.string(),
  version: z.string().catch('unknown'),
  state: z.string(),
  time: z.number(),
  started: z.number().optional().catch(undefined),
  tasks: z.array(z.object({ task: z.string(), watermark: z.number(), stream_time: z.number() })).catch([]),
  nodes: z
    .record(
      z.string(),
      z.object({ records_in: z.number(), records_out: z.number(), skipped: z.number(), late: z.number() }),
    )
    .catch({}),
  partitions: z
    .array(
      z.object({
        topic: z.string(),
        partition: z.number(),
        end_offset: z.number(),
        committed_offset: z.number(),
        lag_records: z.number(),
        lag_ms: z.number(),
        watermark: z.number().nullable(),
        idle_since: z.number().nullable(),
        holds_back: z.boolean(),
      }),
    )
    .catch([]),
  stores: z
    .array(
      z.object({
        name: z.string(),
        task: z.string(),
        entries: z.number().nullable(),
        bytes: z.number().nullable(),
        uncommitted: z.number(),
      }),
    )
    .catch([]),
  restore: z.object({ done: z.number(), total: z.number() }).catch({ done: 0, total: 0 }),
  commits: durations.optional().catch(undefined),
  end_to_end: durations.optional().catch(undefined),
  totals: z.record(z.string(), z.unknown()).catch({}),
});
type Status = z.output<typeof status>;

type Labels = Readonly<Record<string, string | number>>;
interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Behind the name of the metric. */
  readonly suffix?: string;
}

/** A metric as it is told. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** A metric of an instance, as docs/metrics.md has it. */
interface Metric extends Omit<MetricFamily, 'samples'> {
  readonly samples: (status: Status) => readonly Sample[];
}

const STATES = [
  'CREATED',
  'REBALANCING',
  'RUNNING',
  'PENDING_SHUTDOWN',
  'NOT_RUNNING',
  'PENDING_ERROR',
  'ERROR',
] as const;

function total(name: string, field: string, help: string): Metric {
  return {
    ...{ name: `millrace_${name}_total`, type: 'counter', help },
    samples: ({ totals }) => {
      const value = totals[field];
      return typeof value === 'number' ? [{ labels: {}, value }] : [];
    },
  };
}

function ofNodes(name: string, field: keyof Status['nodes'][string], help: string): Metric {
  return {
    ...{ name: `millrace_processor_node_${name}_total`, type: 'counter', help },
    samples: ({ nodes }) => Object.entries(nodes).map(([node, counts]) => ({ labels: { node }, value: counts[field] })),
  };
}

function gauge<Part>(
  name: string,
  help: string,
  parts: (status: Status) => readonly Part[],
  labels: (part: Part) => Labels,
  value: (part: Part, status: Status) => number | null,
): Metric {
  return {
    ...{ name: `millrace_${name}`, type: 'gauge', help },
    samples: (of) =>
      parts(of).flatMap((part) => {
        const number = value(part, of);
        return number === null ? [] : [{ labels: labels(part), value: number }];
      }),
  };
}

function histogram(name: string, help: string, of: (status: Status) => Status['commits']): Metric {
  return {
    ...{ name: `millrace_${name}_seconds`, type: 'histogram', help },
    samples: (status) => {
      const told = of(status);
      if (told === undefined) return [];
      const { count, ms } = told;
      return [
        ...ms.buckets.map(({ count: own, le }) => ({
          ...{ suffix: '_bucket', value: own },
          labels: { le: le === null ? '+Inf' : String(le / 1000) },
        })),
        { suffix: '_sum', labels: {}, value: ms.sum / 1000 },
        { suffix: '_count', labels: {}, value: count },
      ];
    },
  };
}

type PartitionOf = Status['partitions'][number];
type StoreOf = Status['stores'][number];
type TaskOf = Status['tasks'][number];

const ofPartition = (name: string, help: string, value: (partition: PartitionOf, status: Status) => number | null) =>
  gauge(
    `partition_${name}`,
    help,
    ({ partitions }) => partitions,
    ({ partition, topic }) => ({ topic, partition }),
    value,
  );
const ofStore = (name: string, help: string, value: (store: StoreOf) => number | null) =>
  gauge(
    `store_${name}`,
    help,
    ({ stores }) => stores,
    (store) => ({ store: store.name, task: store.task }),
    value,
  );
const ofTask = (name: string, help: string, value: (task: TaskOf) => number | null) =>
  gauge(
    `task_${name}`,
    help,
    ({ tasks }) => tasks,
    ({ task }) => ({ task }),
    value,
  );
const ofInstance = (name: string, help: string, value: (status: Status) => number | null) =>
  gauge(
    name,
    help,
    (one) => [one],
    () => ({}),
    value,
  );

/** Before the first record there is no time. */
const seconds = (ms: number | null) => (ms === null || ms < 0 ? null : ms / 1000);

const METRICS: readonly Metric[] = [
  gauge(
    'info',
    'The version that an instance runs.',
    (one) => [one],
    ({ version }) => ({ version }),
    () => 1,
  ),
  {
    ...{ name: 'millrace_client_state', type: 'gauge', help: '1 for the state that an instance is in.' },
    samples: ({ state }) => STATES.map((one) => ({ labels: { state: one }, value: one === state ? 1 : 0 })),
  },
  ofInstance('status_timestamp_seconds', 'When an instance last told of itself.', ({ time }) => seconds(time)),
  ofInstance('start_timestamp_seconds', 'When an instance was started.', ({ started }) => seconds(started ?? null)),
  total('process_records', 'recordsConsumed', 'Records taken from source topics.'),
  total('process_bytes', 'bytesConsumed', 'Bytes taken from source topics.'),
  total('sent_records', 'recordsProduced', 'Records sent to output topics.'),
  total('dropped_records', 'recordsSkipped', 'Records that an operator passed over.'),
  total('dead_letter_records', 'deadLetters', 'Records sent to the dead-letter topic.'),
  total('late_records', 'lateRecords', 'Records that were late for at least one window.'),
  total('aborted_commits', 'abortedCommits', 'Commits that the log refused; their records were processed again.'),
  total('rebalances', 'rebalances', 'Changes of the partitions of an instance.'),
  total('offset_resets', 'offsetResets', 'Positions that the log had no more; what lay between was not read.'),
  total('changelog_records', 'changelogRecords', 'Records sent to changelogs.'),
  total('repartition_records', 'repartitionRecords', 'Records and blocks sent to repartition topics.'),
  total('restored_records', 'restoredRecords', 'Records read from changelogs.'),
  total('restored_bytes', 'restoredBytes', 'Bytes read from changelogs.'),
  ofInstance(
    'restore_remaining_offsets',
    'Changelog offsets that are still to be restored.',
    ({ restore: { done, total: all } }) => Math.max(0, all - done),
  ),
  histogram('commit_latency', 'How long commits took to be durable.', ({ commits }) => commits),
  histogram(
    'record_e2e_latency',
    'From the time of a record until its results were durable: of the newest of a source partition in each commit.',
    ({ end_to_end }) => end_to_end,
  ),
  ofNodes('process_records', 'records_in', 'Records that a node got.'),
  ofNodes('sent_records', 'records_out', 'Records that a node handed on.'),
  ofNodes('dropped_records', 'skipped', 'Records that a node passed over, or made dead letters of.'),
  ofNodes('late_records', 'late', 'Records that were late for at least one window of a node.'),
  ofTask('watermark_seconds', 'Windows that end by then, and their grace, are closed.', ({ watermark }) =>
    seconds(watermark),
  ),
  ofTask('stream_time_seconds', 'The highest event time that a task has read.', ({ stream_time }) =>
    seconds(stream_time),
  ),
  ofPartition('end_offset', 'The end of a partition that is read.', ({ end_offset }) => end_offset),
  ofPartition('committed_offset', 'Where the last commit stands.', ({ committed_offset }) => committed_offset),
  ofPartition('records_lag', 'Records that are still to be processed.', ({ lag_records }) => lag_records),
  ofPartition('lag_seconds', 'How long ago the end was where the reader is now.', ({ lag_ms }) => lag_ms / 1000),
  ofPartition('watermark_seconds', 'The highest event time read of a partition.', ({ watermark }) =>
    seconds(watermark),
  ),
  ofPartition('idle_seconds', 'For how long nothing has come.', ({ idle_since }, { time }) =>
    idle_since === null ? 0 : Math.max(0, time - idle_since) / 1000,
  ),
  ofPartition('holds_back', '1 where the watermark waits for a partition while others are further.', (partition) =>
    partition.holds_back ? 1 : 0,
  ),
  ofStore('entries', 'Entries of a store, where that is known without a count.', ({ entries }) => entries),
  ofStore('size_bytes', 'Roughly what a store takes on the disk.', ({ bytes }) => bytes),
  ofStore('uncommitted_entries', 'Entries that the next commit takes.', ({ uncommitted }) => uncommitted),
];

/** What instances say of themselves, in Prometheus' text format 0.0.4. */
export function prometheusText(statuses: readonly unknown[]): string {
  const instances = statuses.flatMap((one) => status.safeParse(one).data ?? []);
  return metricsText(
    METRICS.map(({ samples, ...metric }) => ({
      ...metric,
      samples: instances.flatMap((one) =>
        samples(one).map((sample) => ({
          ...sample,
          labels: { application: one.application, instance_id: one.instance, ...sample.labels },
        })),
      ),
    })),
  );
}

/** Metrics in Prometheus' text format 0.0.4; one without samples is left out. */
export function metricsText(families: readonly MetricFamily[]): string {
  const lines = families.flatMap(({ help, name, samples, type }) => {
    const rows = samples.map(({ labels, suffix = '', value }) => `${name}${suffix}${labelsOf(labels)} ${value}`);
    return rows.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...rows];
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
