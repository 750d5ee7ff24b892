/** The lake as a process of its own, beside a pipeline: it reads through the pipeline's process, and ends with it. */
import { setPriority } from 'node:os';
import { endProcess } from '../end-process.js';
import { type LogPlace, openLog } from '../log/open-log.js';
import type { Notice } from '../notice.js';
import type { LakeRetention } from './lake-upkeep.js';
import { RunningLake } from './running-lake.js';

export interface LakeTask {
  readonly place: LogPlace;
  readonly directory: string;
  readonly retention: LakeRetention;
}

/** What it is told after that. */
export type LakeOrder = 'end' | { readonly retention: LakeRetention };

/** What it tells its parent. */
export type LakeReport =
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'failed'; readonly message: string }
  /** All is stored that was there when it was told to end. */
  | { readonly kind: 'ended' };

/** What is stored a little later is stored all the same. */
const NICENESS = 10;

let running: Promise<RunningLake> | undefined;

async function run({ directory, place, retention }: LakeTask): Promise<RunningLake> {
  const onNotice = (notice: Notice) => report({ kind: 'notice', notice });
  const { signal } = new AbortController();
  const data = await openLog(place.url, { ...place, purpose: { runs: 'reader' }, signal, onNotice });
  const lake = await RunningLake.open(data, {
    ...{ directory, retention, onNotice },
    onFailure: () => fail(lake.failure ?? new Error('storing has ended')),
  });
  return lake;
}

function report(message: LakeReport, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, sent);
  else sent();
}

function fail(error: Error): void {
  report({ kind: 'failed', message: error.message }, () => process.exit(1));
}

// The terminal sends signals to every process; the parent is the one that acts on them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
// What is not stored by then is stored by the next.
process.on('disconnect', () => endProcess(0));
process.on('message', (message: LakeTask | LakeOrder) => {
  if (message !== 'end' && !('place' in message)) {
    running?.then((lake) => lake.useRetention(message.retention)).catch(fail);
    return;
  }
  if (message !== 'end') {
    try {
      setPriority(NICENESS);
    } catch {
      // Then it has the priority of its parent.
    }
    running = run(message);
    running.catch(fail);
    return;
  }
  (async () => (await running)?.close())().then(
    () => report({ kind: 'ended' }, () => process.exit()),
    (error: Error) => fail(error),
  );
});
