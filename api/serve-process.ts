/** The server as a process of its own, beside a pipeline: it is told what to serve, and ends with its parent. */
import { setPriority } from 'node:os';
import { endProcess } from '../app/end-process.js';
import { type LogPlace, openLog } from '../app/log/open-log.js';
import type { Notice } from '../app/notice.js';
import type { FileConfig } from '../notify/config.js';
import { type RunningServer, type ServeOptions, type ShownRules, serve } from './serve.js';

/** What it is started with. */
export interface ServeTask extends Omit<ServeOptions, 'log' | 'schemas'> {
  readonly place: LogPlace;
}

/** What it is told afterwards. */
export interface ServeChange {
  readonly alerts?: FileConfig;
  readonly rules?: ShownRules;
}

/** What it tells its parent. */
export type ServeReport =
  | { readonly kind: 'listening'; readonly url: string; readonly setupUrl: string | undefined }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'failed'; readonly message: string };

/** Whoever looks is served after what is looked at. */
const NICENESS = 5;
const END_WITHIN_MS = 2_000;

const stop = new AbortController();
let running: Promise<RunningServer> | undefined;

async function run({ place, ...rest }: ServeTask): Promise<RunningServer> {
  const { signal } = stop;
  const onNotice = (notice: Notice) => report({ kind: 'notice', notice });
  const connection = await openLog(place.url, { ...place, purpose: { runs: 'reader' }, signal, onNotice });
  const server = await serve({ ...rest, log: connection.log, schemas: connection.schemas });
  server.ended.then((error) => report({ kind: 'failed', message: error.message }, () => process.exit(1)));
  return server;
}

function report(message: ServeReport, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, sent);
  else sent();
}

async function end(): Promise<void> {
  // A call to brokers that are away may be under way, for which Node would wait.
  setTimeout(() => endProcess(0), END_WITHIN_MS).unref();
  stop.abort();
  await (await running?.catch(() => undefined))?.close();
  endProcess(0);
}

// The terminal sends signals to every process; the parent is the one that acts on them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => void end());
process.once('message', (task: ServeTask) => {
  try {
    setPriority(NICENESS);
  } catch {
    // Then it has the priority of its parent.
  }
  running = run(task);
  process.on('message', ({ alerts, rules }: ServeChange) => {
    const use = (server: RunningServer) => {
      if (alerts !== undefined) server.useAlerts(alerts);
      if (rules !== undefined) server.useRules(rules);
    };
    void running?.then(use).catch(() => {});
  });
  running.then(
    ({ setupUrl, url }) => report({ kind: 'listening', url, setupUrl }),
    (error: Error) => report({ kind: 'failed', message: error.message }, () => process.exit(1)),
  );
});
