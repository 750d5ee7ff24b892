import { statfs } from 'node:fs/promises';
import { ConnectState, type PartState } from './live/connect-state.js';
import { type MetricFamily, metricsText } from './prometheus.js';
import type { Services } from './services.js';

/** A scrape waits for no longer than Prometheus does. */
const CONNECT_WITHIN_MS = 3_000;

type State = PartState['state'];

/** What the server itself looks at when it is scraped. */
export interface ServerFigures {
  /** Of the file system that has the data directory; undefined where it does not tell. */
  readonly disk: { readonly availableBytes: number; readonly sizeBytes: number } | undefined;
  /** `unreadable` where what Connect's workers write cannot be read; undefined of an embedded log, which has none. */
  readonly connectors: ConnectState | 'unreadable' | undefined;
}

export async function serverFigures({ directory, log }: Pick<Services, 'directory' | 'log'>): Promise<ServerFigures> {
  const [disk, connectors] = await Promise.all([
    diskOf(directory),
    log.singleOwner ? undefined : ConnectState.read(log, CONNECT_WITHIN_MS).catch(() => 'unreadable' as const),
  ]);
  return { disk, connectors };
}

async function diskOf(directory: string): Promise<ServerFigures['disk']> {
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { availableBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}

/** The disk and Kafka Connect, in Prometheus' text format 0.0.4. */
export function serverMetricsText({ connectors, disk }: ServerFigures): string {
  const told = connectors === 'unreadable' ? undefined : connectors;
  return metricsText([
    gauge(
      'disk_available_bytes',
      'What may still be written where the data directory is.',
      single(disk?.availableBytes),
    ),
    gauge('disk_size_bytes', 'The size of the file system where the data directory is.', single(disk?.sizeBytes)),
    gauge(
      'connect_readable',
      '1 where the state of Kafka Connect could be read.',
      single(connectors === undefined ? undefined : Number(connectors !== 'unreadable')),
    ),
    gauge(
      'connector_failed',
      '1 where a connector, or a task of it, has failed.',
      (told?.names ?? []).map((connector) => ({
        labels: { connector },
        value: Number(statesOf(told, connector).includes('FAILED')),
      })),
    ),
    gauge('connector_tasks', 'Tasks of a connector, by their state.', tasksByState(told)),
  ]);
}

function single(value: number | undefined): MetricFamily['samples'] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

function gauge(name: string, help: string, samples: MetricFamily['samples']): MetricFamily {
  return { name: `millrace_${name}`, type: 'gauge', help, samples };
}

function statesOf(connectors: ConnectState | undefined, name: string): State[] {
  const own = connectors?.connector(name)?.state;
  return [...(own === undefined ? [] : [own]), ...(connectors?.tasks(name) ?? []).map(({ state }) => state)];
}

function tasksByState(connectors: ConnectState | undefined): MetricFamily['samples'] {
  return (connectors?.names ?? []).flatMap((connector) => {
    const counts = new Map<State, number>();
    for (const { state } of connectors?.tasks(connector) ?? []) counts.set(state, (counts.get(state) ?? 0) + 1);
    return [...counts].map(([state, value]) => ({ labels: { connector, state }, value }));
  });
}
