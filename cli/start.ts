import type { Command } from 'commander';
import { RawTopicWriter } from '../producer/raw-topic-writer.js';
import { Streams } from '../streams/index.js';
import { goalsTopology } from '../topology/goals.js';
import { ownDataDirectory, prepareTopics } from './data-directory.js';
import { feed } from './feed.js';
import { GoalResults } from './goal-results.js';
import {
  addDataDir,
  addGoals,
  addSource,
  type DataDirOption,
  durationOption,
  type GoalOptions,
  goalConfig,
  type SourceOptions,
} from './options.js';
import { Status } from './status.js';
import { summary } from './summary.js';
import { UsageError } from './usage-error.js';

interface StartOptions extends SourceOptions, GoalOptions, DataDirOption {
  readonly once?: boolean;
  readonly commitInterval: number;
  readonly idle: number;
}

export function startCommand(program: Command): Command {
  const command = program
    .command('start')
    .description('run the pipeline; without options, over simulated NGINX traffic')
    .option('--once', 'stop at the end of the input, with every window closed, and print a summary')
    .addOption(durationOption('--commit-interval <duration>', 'how often results are committed', '100ms'))
    .addOption(durationOption('--idle <duration>', 'live input: silence after which the clock closes windows', '10s'));
  return addDataDir(addGoals(addSource(command))).action(start);
}

async function start(options: StartOptions): Promise<void> {
  const ends = options.input !== undefined ? !options.follow : options.count !== undefined;
  if (options.once && !ends) {
    throw new UsageError('--once needs an input that ends: --input without --follow, or --count');
  }
  const stop = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve());
  });
  process.on('SIGINT', () => stop.abort());
  process.on('SIGTERM', () => stop.abort());
  const startedAt = Date.now();
  const data = await ownDataDirectory(options.dataDir);
  try {
    const config = goalConfig(options);
    const partitions = options.partitions ?? (await data.log.partitions(config.topics.accessLog)) ?? 1;
    const serdes = await prepareTopics(data, config, partitions);
    const writer = await RawTopicWriter.create({
      log: data.log,
      topic: config.topics.accessLog,
      deadLetterTopic: config.topics.deadLetters,
      serde: serdes.accessLog,
    });
    const results = await GoalResults.follow(data.log, config, serdes);
    const streams = new Streams(goalsTopology(config, serdes), {
      applicationId: 'millrace',
      log: data.log,
      stateDirectory: data.stateDirectory,
      commitInterval: options.commitInterval,
      deadLetterTopic: config.topics.deadLetters,
      lateTopic: config.topics.late,
      // What a file holds is a function of the file; only live input may be moved on by the clock.
      idle: ends ? 'never' : options.idle,
    });
    streams.onStateChange((state) => {
      if (state === 'ERROR') stop.abort();
    });
    await streams.start();
    const status = new Status(streams, results, writer.metrics);
    status.start();
    try {
      await feed(options, writer, stop.signal);
      if (ends && !stop.signal.aborted) {
        await Promise.race([streams.drain(), aborted]);
        if (!options.once) {
          process.stderr.write('the input has ended and every window is closed; Ctrl-C stops\n');
          // The running engine keeps Node alive.
          await aborted;
        }
      }
    } finally {
      await status.stop();
      await streams.close();
    }
    for (const goal of results) await goal.catchUp(Number.POSITIVE_INFINITY);
    const seconds = (Date.now() - startedAt) / 1000;
    process.stdout.write(`${summary(streams.metrics, results, writer.metrics, config, seconds)}\n`);
  } finally {
    await data.close();
  }
}
