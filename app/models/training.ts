import { setTimeout as delay } from 'node:timers/promises';
import { deserializeWhenReady, type Log, type Serde } from '@millrace/streams';
import type { ServiceHealth } from '../../schemas/records.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { trainServiceModel } from '../../topology/services/service-model.js';
import type { OpenLog } from '../log/open-log.js';
import { serdesOf } from '../log/topics.js';
import { ModelDirectory } from './model-directory.js';

const POLL_MS = 200;
const POLL_FOR_WINDOWS_MS = 10_000;
/** Of a service: each is five seconds long. */
const QUARTER_DAY_WINDOWS = 4320;
/** A model of less knows little: five services for some minutes. */
export const MIN_WINDOWS = 300;
const MAX_WINDOWS = 200_000;

export interface Training {
  /** So many windows of services are in the log. */
  readonly windows: number;
  /** The new version; undefined when there were too few windows to train on. */
  readonly trained?: { readonly version: number; readonly path: string };
}

/** Trains the model of services on the history in the log, as a new version in the directory. */
export async function trainModel(
  { log, schemas }: Pick<OpenLog, 'log' | 'schemas'>,
  config: ApplicationConfig,
  directory: string,
  leastWindows: number = MIN_WINDOWS,
): Promise<Training> {
  const { serviceHealth } = await serdesOf(schemas, config);
  const ever = await windowsEver(log, config.topics.serviceHealth);
  const windows = await historyOf(log, config.topics.serviceHealth, serviceHealth);
  if (windows.length < leastWindows) return { windows: windows.length };
  const models = new ModelDirectory(directory);
  const model = { ...trainServiceModel(windows, (await models.newestVersion()) + 1), windowsEver: ever };
  const path = await models.save(model);
  return {
    windows: windows.length,
    trained: { version: model.version, path },
  };
}

/**
 * Trains a first model as soon as there is enough to train it on, and again when there is twice as much, and then each quarter of
 * a day of windows, until it is told to end. A model of older training holds until then.
 */
export async function keepTraining(
  data: Pick<OpenLog, 'log' | 'schemas'>,
  config: ApplicationConfig,
  directory: string,
  signal: AbortSignal,
  pollMs: number = POLL_FOR_WINDOWS_MS,
): Promise<void> {
  const models = new ModelDirectory(directory);
  let version = -1;
  let last: Awaited<ReturnType<ModelDirectory['trainedOn']>>;
  while (!signal.aborted) {
    const newest = await models.newestVersion();
    if (newest !== version) last = await models.trainedOn();
    version = newest;
    const { services = 1, windowsEver: before = 0 } = last ?? {};
    const ever = await windowsEver(data.log, config.topics.serviceHealth);
    const enough = Math.min(2 * before, before + services * QUARTER_DAY_WINDOWS);
    if (ever >= Math.max(MIN_WINDOWS, enough)) await trainModel(data, config, directory);
    await delay(pollMs, undefined, { signal }).catch(() => {});
  }
}

/** That were ever written, also those that retention has deleted. */
async function windowsEver(log: Log, topic: string): Promise<number> {
  const partitions = (await log.partitions(topic)) ?? 0;
  let ever = 0;
  for (let partition = 0; partition < partitions; partition++) ever += await log.endOffset({ topic, partition });
  return ever;
}

/** The windows that the log holds now, at most the newest of them. */
async function historyOf(log: Log, topic: string, serde: Serde<ServiceHealth>): Promise<ServiceHealth[]> {
  const windows: ServiceHealth[] = [];
  const partitions = (await log.partitions(topic)) ?? 0;
  const consumer = log.consumer();
  const ends = new Map<number, number>();
  for (let partition = 0; partition < partitions; partition++) {
    const start = await log.startOffset({ topic, partition });
    const end = await log.endOffset({ topic, partition });
    if (end <= start) continue;
    consumer.assign({ topic, partition }, Math.max(start, end - Math.ceil(MAX_WINDOWS / partitions)));
    ends.set(partition, end);
  }
  while (ends.size > 0) {
    for (const cursor of await consumer.poll(POLL_MS)) {
      while (cursor.next()) {
        const { valueBytes, valueEnd, valueStart } = cursor;
        if (valueStart >= 0) windows.push(await deserializeWhenReady(serde, topic, valueBytes, valueStart, valueEnd));
      }
      if (cursor.nextOffset >= (ends.get(cursor.partition) ?? 0)) ends.delete(cursor.partition);
    }
  }
  await consumer.close();
  return windows;
}
