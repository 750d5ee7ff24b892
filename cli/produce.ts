import type { Command } from 'commander';
import { RawTopicWriter } from '../producer/raw-topic-writer.js';
import { DEFAULT_GOAL_CONFIG } from '../topology/goal-config.js';
import { addConnection, type ConnectionOptions, connect, prepareTopics } from './connection.js';
import { feed } from './feed.js';
import { stopOnSignals } from './interruption.js';
import { addSource, type SourceOptions, wholeNumber } from './options.js';
import { number } from './status.js';

interface ProduceOptions extends SourceOptions, ConnectionOptions {
  readonly partitions: number;
}

export function produceCommand(program: Command): Command {
  const command = program
    .command('produce')
    .description('write simulated or replayed events to the raw topic, also while a pipeline runs on it')
    .option('--partitions <number>', 'of the topics, when they are made', wholeNumber(1), 1);
  return addConnection(addSource(command)).action(produce);
}

async function produce(options: ProduceOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  const data = await connect(options, { runs: 'producer', inputs: options.input }, stop.signal);
  try {
    const { topics } = DEFAULT_GOAL_CONFIG;
    const partitions = (await data.log.partitions(topics.accessLog)) ?? options.partitions;
    const serdes = await prepareTopics(data, DEFAULT_GOAL_CONFIG, partitions);
    const writer = await RawTopicWriter.create({
      log: data.log,
      topic: topics.accessLog,
      deadLetterTopic: topics.deadLetters,
      serde: serdes.accessLog,
    });
    await feed(options, writer, stop.signal);
    await writer.settle();
    const { badLines, events } = writer.metrics;
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
