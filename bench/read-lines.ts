import { readLogs } from '../producer/log-source.js';

export interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface ReadLines extends Run {
  readonly requests: number;
  readonly serviceLogs: number;
}

/** Makes events of a file's lines, in whatever format they are, and nothing with them. */
export async function readLines(path: string): Promise<ReadLines> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let requests = 0;
  let serviceLogs = 0;
  const reading = { format: 'auto', host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000 };
  const signal = new AbortController().signal;
  for await (const batch of readLogs({ ...reading, inputs: [path], follow: false, positions: new Map(), signal })) {
    requests += batch.events.length;
    serviceLogs += batch.serviceLogs.length;
  }
  const { system, user } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1000;
  return { requests, serviceLogs, seconds, cpuSeconds: (system + user) / 1e6 };
}

/** Lines a second: the median, and the range. */
export function rate(count: number, seconds: readonly number[]): string {
  const rates = seconds.map((one) => Math.round(count / one)).sort((one, other) => one - other);
  const [median, lowest, highest] = [rates[rates.length >> 1] ?? 0, rates[0] ?? 0, rates.at(-1) ?? 0];
  return `${median.toLocaleString('en-US')} (${lowest.toLocaleString('en-US')}–${highest.toLocaleString('en-US')})`;
}
