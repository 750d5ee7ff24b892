import type { Command } from 'commander';
import { feedSources, requireUsable } from '../../app/ingestion/ingest.js';
import { addConnection, type ConnectionOptions, connect, prepareTopics } from '../../app/log/open-log.js';
import { addRetention, type RetentionOptions } from '../../app/log/retention.js';
import { newWriterMetrics } from '../../producer/raw-topic-writer.js';
import { DEFAULT_APPLICATION_CONFIG, type PipelineName } from '../../topology/application-config.js';
import {
  addSource,
  partitionCount,
  pipelinesOption,
  requireLogFormat,
  type SourceOptions,
} from '../options/options.js';
import { oddFieldsText } from '../terminal/odd-fields-text.js';
import { print } from '../terminal/output.js';
import { refusedText } from '../terminal/refused-text.js';
import { safe } from '../terminal/safe-text.js';
import { excludedText, writtenText } from '../terminal/written-text.js';
import { InterruptedError, isToldToStop, stopOnSignals } from './interruption.js';

interface ProduceOptions extends SourceOptions, ConnectionOptions, RetentionOptions {
  readonly partitions: number;
  readonly pipelines: readonly PipelineName[];
}

export function produceCommand(program: Command): Command {
  const command = program
    .command('produce')
    .description('write simulated or replayed events to the raw topic, also while a pipeline runs on it')
    .option('--partitions <number>', 'of the topics, when they are made', partitionCount, 1)
    .addOption(pipelinesOption('whose events to write', ['goals']));
  return addConnection(addRetention(addSource(command))).action(produce);
}

async function produce(options: ProduceOptions): Promise<void> {
  requireLogFormat(options.logFormat);
  const stop = new AbortController();
  stopOnSignals(stop);
  const data = await connect(options, { runs: 'producer' }, stop.signal);
  try {
    const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines: options.pipelines };
    const { topics } = config;
    const partitions = (await data.log.partitions(topics.accessLog)) ?? options.partitions;
    const serdes = await prepareTopics(data, config, partitions, options);
    const metrics = newWriterMetrics();
    await feedSources(options, data, config, serdes, metrics, stop.signal);
    print(safe`${writtenText(metrics)} written`);
    for (const line of excludedText(metrics.excluded)) print(line);
    for (const line of refusedText(metrics.refused, topics.deadLetters)) print(line);
    for (const line of oddFieldsText(metrics.oddFields)) print(line);
    const ends = options.input === undefined ? options.count !== undefined : !options.follow;
    if (isToldToStop() && ends)
      throw new InterruptedError('interrupted: the input was not read to its end; the same command goes on from there');
    requireUsable(metrics);
  } finally {
    await data.close();
  }
}
