import type { Command } from 'commander';
import { DEFAULT_APPLICATION_CONFIG, type PipelineName } from '../topology/application-config.js';
import { addConnection, type ConnectionOptions, connect, prepareTopics } from './connection.js';
import { stopOnSignals } from './interruption.js';
import { addSource, pipelinesOption, type SourceOptions, wholeNumber } from './options.js';
import { feedSources } from './sources.js';
import { number } from './status.js';

interface ProduceOptions extends SourceOptions, ConnectionOptions {
  readonly partitions: number;
  readonly pipelines: readonly PipelineName[];
}

export function produceCommand(program: Command): Command {
  const command = program
    .command('produce')
    .description('write simulated or replayed events to the raw topic, also while a pipeline runs on it')
    .option('--partitions <number>', 'of the topics, when they are made', wholeNumber(1), 1)
    .addOption(pipelinesOption('whose events to write', ['goals']));
  return addConnection(addSource(command)).action(produce);
}

async function produce(options: ProduceOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  const data = await connect(options, { runs: 'producer', inputs: options.input }, stop.signal);
  try {
    const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines: options.pipelines };
    const { topics } = config;
    const partitions = (await data.log.partitions(topics.accessLog)) ?? options.partitions;
    const serdes = await prepareTopics(data, config, partitions);
    const metrics = { events: 0, badLines: 0 };
    await feedSources(options, data, config, serdes, metrics, stop.signal);
    const { badLines, events } = metrics;
    process.stdout.write(`${number(events)} events written to ${topics.accessLog}\n`);
    if (badLines > 0) {
      process.stdout.write(
        `${number(badLines)} lines could not be used; they are in ${topics.deadLetters} with the reason\n`,
      );
    }
  } finally {
    await data.close();
  }
}
