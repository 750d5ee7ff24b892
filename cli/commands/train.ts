import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deserializeWhenReady, type Log, type Serde } from '@millrace/streams';
import type { Command } from 'commander';
import { addConnection, type Connection, type ConnectionOptions, connect, serdesOf } from '../../app/log/open-log.js';
import { ModelDirectory } from '../../app/pipeline/models.js';
import type { ServiceHealth } from '../../schemas/records.js';
import { type ApplicationConfig, DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import { trainServiceModel } from '../../topology/services/service-model.js';
import { wholeNumber } from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { print } from '../terminal/output.js';
import { count, number } from '../terminal/quantities.js';
import { safe } from '../terminal/safe-text.js';
import { stopOnSignals } from './interruption.js';

const POLL_MS = 200;
const FIRST_MODEL_POLL_MS = 10_000;
/** A model of less knows little: five services for some minutes. */
const LEAST_WINDOWS = 300;
const MOST_WINDOWS = 200_000;

interface TrainOptions extends ConnectionOptions {
  readonly leastWindows: number;
}

export function modelsDirectory(dataDir: string): string {
  return join(dataDir, 'models');
}

export function trainCommand(program: Command): Command {
  const command = program
    .command('train')
    .description(
      'train the model of services on the history in the log, as a new version; a pipeline that runs takes it within seconds',
    )
    .option('--least-windows <number>', 'refuse to train on fewer', wholeNumber(2), LEAST_WINDOWS);
  return addConnection(command).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  const connection = await connect(options, { runs: 'reader' }, stop.signal);
  try {
    const config: ApplicationConfig = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['services'] };
    const serdes = await serdesOf(connection.schemas, config);
    const windows = await historyOf(connection.log, config.topics.serviceHealth, serdes.serviceHealth);
    if (windows.length < options.leastWindows) {
      throw new UsageError(
        `there ${windows.length === 1 ? 'is' : 'are'} ${count(windows.length, 'window')} of services in ${config.topics.serviceHealth}, and ` +
          `${number(options.leastWindows)} are the least to train on (--least-windows)`,
      );
    }
    const models = new ModelDirectory(modelsDirectory(options.dataDir));
    const model = trainServiceModel(windows, (await models.newestVersion()) + 1);
    const path = await models.save(model);
    print(safe`version ${model.version}, trained on ${count(windows.length, 'window')}: ${path}`);
  } finally {
    await connection.close();
  }
}

/** Trains a first model as soon as there is enough to train it on; ends at once where there is a model. */
export async function trainWhenThereIsNone(
  { log, schemas }: Connection,
  config: ApplicationConfig,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const models = new ModelDirectory(directory);
  const { serviceHealth } = await serdesOf(schemas, config);
  while (!signal.aborted && (await models.newestVersion()) === 0) {
    const windows = await historyOf(log, config.topics.serviceHealth, serviceHealth);
    if (windows.length >= LEAST_WINDOWS) await models.save(trainServiceModel(windows, 1));
    else await delay(FIRST_MODEL_POLL_MS, undefined, { signal }).catch(() => {});
  }
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
    consumer.assign({ topic, partition }, Math.max(start, end - Math.ceil(MOST_WINDOWS / partitions)));
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
