import type { Command } from 'commander';
import { ingest } from '../../app/ingestion/ingest.js';
import type { RetentionOptions } from '../../app/log/retention.js';
import { prepareTopics } from '../../app/log/topics.js';
import { newWriterMetrics } from '../../producer/raw-topic-writer.js';
import { DEFAULT_APPLICATION_CONFIG, type PipelineName } from '../../topology/application-config.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import {
  addSource,
  partitionCount,
  pipelinesOption,
  requireLogFormat,
  type SourceOptions,
} from '../options/options.js';
import { addRetention } from '../options/retention.js';
import { sourcesOf } from '../options/source.js';
import { InterruptedError, isToldToStop, stopOnSignals } from '../terminal/interruption.js';
import { sayNotice } from '../terminal/notice-text.js';
import { oddFieldsText } from '../terminal/odd-fields-text.js';
import { print } from '../terminal/output.js';
import { refusedText } from '../terminal/refused-text.js';
import { requireUsable } from '../terminal/require-usable.js';
import { safe } from '../terminal/safe-text.js';
import { excludedText, writtenText } from '../terminal/written-text.js';

interface ProduceOptions extends SourceOptions, ConnectionOptions, RetentionOptions {
  readonly partitions: number;
  readonly pipelines: readonly PipelineName[];
}

export function produceCommand(program: Command): Command {
  const command = program
    .command('produce')
    .description('write simulated or replayed events to the raw topic, also while a pipeline runs on it')
    .option('--partitions <number>', 'partitions of each topic that is created', partitionCount, 1)
    .addOption(pipelinesOption('pipelines to write events for', ['goals']));
  return addConnection(addRetention(addSource(command))).action(produce);
}

async function produce(options: ProduceOptions): Promise<void> {
  requireLogFormat(options);
  const sources = sourcesOf(options);
  const stop = new AbortController();
  stopOnSignals(stop);
  const data = await connect(options, { runs: 'producer' }, stop.signal);
  try {
    const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines: options.pipelines };
    const { topics } = config;
    const partitions = (await data.log.partitions(topics.accessLog)) ?? options.partitions;
    const serdes = await prepareTopics(data, config, partitions, options);
    const metrics = newWriterMetrics();
    const request = {
      data,
      config,
      serdes,
      metrics,
      signal: stop.signal,
      onNotice: sayNotice,
    };
    await Promise.all(sources.map((one) => ingest(one, request)));
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
