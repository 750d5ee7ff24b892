import { hostname } from 'node:os';
import {
  type Log,
  LogError,
  type RuntimeMetrics,
  type Streams,
  type StreamsMetrics,
  type Topology,
  type TopologyDescription,
  topologyDescription,
} from '@millrace/streams';
import { topicEntry } from '../../schemas/topics.js';
import type { Notify } from '../notice.js';

const EVERY_MS = 1000;
/** The topology is long, and stays as it is: so many records apart it is told. */
const TOPOLOGY_EVERY = 30;

type NodeTotals = Readonly<Record<'records_in' | 'records_out' | 'skipped' | 'late', number>>;

/** A record of the topic of statuses; its key is the instance. Counters are totals since the start of the instance. */
export interface PipelineStatus extends Pick<RuntimeMetrics, 'tasks' | 'partitions' | 'stores' | 'restore'> {
  readonly instance: string;
  readonly application: string;
  /** Milliseconds since the epoch, as all times in it. */
  readonly time: number;
  readonly started: number;
  readonly state: string;
  readonly version: string;
  /** Where it can be asked for its stores; null where it answers nobody. */
  readonly state_queries: { readonly host: string; readonly port: number; readonly tls: boolean } | null;
  /** Half a minute apart; its fingerprint is always there. */
  readonly topology?: TopologyDescription;
  readonly topology_fingerprint: string;
  /** By name, of all tasks together. */
  readonly nodes: Readonly<Record<string, NodeTotals>>;
  readonly commits: ToldDurations;
  /** Of records, until their results were durable. */
  readonly end_to_end: ToldDurations;
  readonly totals: StreamsMetrics;
}

interface ToldDurations {
  readonly count: number;
  readonly ms: { readonly sum: number; readonly buckets: RuntimeMetrics['commits']['buckets'] };
}

interface PublisherOptions {
  readonly streams: Streams;
  readonly topology: Topology;
  readonly applicationId: string;
  /** Default: the machine and the process. */
  readonly instance?: string;
  readonly version: string;
  readonly topic: string;
  readonly answersOverTls: boolean;
  /** Calls with the log that it is told in, whose transactions the tasks do not wait for. */
  readonly use: (tell: (log: Log) => Promise<void>) => Promise<void>;
  readonly onNotice: Notify;
}

/** What would fail each time the same: a right is missing, or the topic is gone or another's. */
const FINAL_CODES: readonly string[] = ['LOG_REFUSED', 'UNKNOWN_TOPIC', 'PARTITION_COUNT'];

/**
 * Tells once a second what an instance does. No commit waits for it; what cannot be told is left out, and where nothing can
 * be, that is said once.
 */
export class StatusPublisher {
  readonly #options: PublisherOptions;
  readonly #instance: string;
  readonly #started = Date.now();
  readonly #topology: TopologyDescription;
  #isTelling = false;
  /** The state has changed meanwhile. */
  #tellAgain = false;
  #told = 0;
  #hasTopic = false;
  #forget: () => void = () => {};

  private constructor(options: PublisherOptions) {
    this.#options = options;
    const { applicationId, instance, topology } = options;
    this.#instance = instance ?? `${hostname()}-${process.pid}`;
    this.#topology = topologyDescription(topology, { applicationId });
  }

  /** Until the streams end, which is told, too, where the log is still open then. */
  static start(options: PublisherOptions): void {
    const publisher = new StatusPublisher(options);
    const timer = setInterval(() => publisher.#tellNow(), EVERY_MS);
    timer.unref();
    const { streams } = options;
    const forget = streams.onStateChange((state) => {
      publisher.#tellAgain = publisher.#isTelling;
      publisher.#tellNow();
      if (state === 'NOT_RUNNING' || state === 'ERROR') publisher.#forget();
    });
    publisher.#forget = () => {
      clearInterval(timer);
      forget();
    };
  }

  #tellNow(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#tell()
      .catch((error: unknown) => {
        // What cannot be told now is told the next time.
        if (!(error instanceof LogError && FINAL_CODES.includes(error.code))) return;
        this.#tellAgain = false;
        this.#forget();
        this.#options.onNotice({ kind: 'status-untold', why: error.message });
      })
      .finally(() => {
        this.#isTelling = false;
        if (!this.#tellAgain) return;
        this.#tellAgain = false;
        this.#tellNow();
      });
  }

  async #tell(): Promise<void> {
    const { topic, use } = this.#options;
    await use(async (log) => {
      if (!this.#hasTopic) {
        if ((await log.partitions(topic)) === undefined) {
          const { partitions = 1, retentionMs } = topicEntry('pipelineStatus');
          await log.ensureTopic(topic, { partitions, retentionMs });
        }
        this.#hasTopic = true;
      }
      const status = await this.#status();
      const transaction = log.transaction();
      const value = Buffer.from(JSON.stringify(status));
      transaction.append(topic, 0, status.time, Buffer.from(this.#instance), value);
      await transaction.commit();
    });
    this.#told++;
  }

  async #status(): Promise<PipelineStatus> {
    const { applicationId, streams, version } = this.#options;
    const { commits, end_to_end: endToEnd, nodes, partitions, restore, stores, tasks } = await streams.runtimeMetrics();
    return {
      ...{ instance: this.#instance, application: applicationId, time: Date.now(), started: this.#started },
      ...{ state: streams.state, version, topology_fingerprint: this.#topology.fingerprint },
      state_queries: this.#stateQueries(),
      ...(this.#told % TOPOLOGY_EVERY === 0 && { topology: this.#topology }),
      ...{ tasks, nodes: totalsOf(nodes), partitions, stores, restore },
      ...{ commits: toldOf(commits), end_to_end: toldOf(endToEnd) },
      totals: streams.metrics,
    };
  }

  #stateQueries(): PipelineStatus['state_queries'] {
    const { answersOverTls: tls, streams } = this.#options;
    if (streams.state !== 'RUNNING' && streams.state !== 'REBALANCING') return null;
    const { hostInfo } = streams.metadataForAllStreamsClients().find(({ isLocal }) => isLocal) ?? {};
    return hostInfo === undefined ? null : { ...hostInfo, tls };
  }
}

function toldOf({ buckets, count, sum_ms: sum }: RuntimeMetrics['commits']): ToldDurations {
  return { count, ms: { sum, buckets } };
}

function totalsOf(nodes: RuntimeMetrics['nodes']): Record<string, NodeTotals> {
  const totals = Object.create(null) as Record<string, NodeTotals>;
  for (const { late, name, records_in, records_out, skipped } of nodes) {
    const known = totals[name];
    totals[name] = {
      records_in: records_in + (known?.records_in ?? 0),
      records_out: records_out + (known?.records_out ?? 0),
      skipped: skipped + (known?.skipped ?? 0),
      late: late + (known?.late ?? 0),
    };
  }
  return totals;
}
