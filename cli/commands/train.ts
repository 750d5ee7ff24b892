import { join } from 'node:path';
import type { Command } from 'commander';
import { MIN_WINDOWS, trainModel } from '../../app/models/training.js';
import { type ApplicationConfig, DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { wholeNumber } from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { print } from '../terminal/output.js';
import { count, number } from '../terminal/quantities.js';
import { safe } from '../terminal/safe-text.js';

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
      "train a new version of the services' model on the history in the log; a running pipeline loads " +
        'it within seconds',
    )
    .option('--least-windows <number>', 'refuse to train on fewer windows', wholeNumber(2), MIN_WINDOWS);
  return addConnection(command).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  const connection = await connect(options, { runs: 'reader' }, stop.signal);
  try {
    const config: ApplicationConfig = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['services'] };
    const directory = modelsDirectory(options.dataDir);
    const { trained, windows } = await trainModel(connection, config, directory, options.leastWindows);
    if (trained === undefined) {
      throw new UsageError(
        `there ${windows === 1 ? 'is' : 'are'} ${count(windows, 'window')} of services in ${config.topics.serviceHealth}, and ` +
          `${number(options.leastWindows)} are the least to train on (--least-windows)`,
      );
    }
    print(safe`version ${trained.version}, trained on ${count(windows, 'window')}: ${trained.path}`);
  } finally {
    await connection.close();
  }
}
