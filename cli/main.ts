import { Command, CommanderError } from 'commander';
import { ConnectorError } from '../connectors/connector-error.js';
import { LakeError } from '../lake/lake-error.js';
import { ProducerError } from '../producer/producer-error.js';
import { SchemaFileError } from '../schemas/schema-directory.js';
import { SchemaError } from '../schemas/schema-error.js';
import { StackError } from '../stack/stack-error.js';
import { RecordError, StateError, TopologyError } from '../streams/index.js';
import { LogError } from '../streams/log/log.js';
import { analyzeCommand } from './analyze.js';
import { connectorsCommand } from './connectors.js';
import { consumeCommand } from './consume.js';
import { DemoError, demoCommand } from './demo.js';
import { describeCommand } from './describe.js';
import { isEndBySignal } from './interruption.js';
import { lakeCommand } from './lake.js';
import { produceCommand } from './produce.js';
import { queryCommand } from './query.js';
import { schemasCommand } from './schemas.js';
import { stackCommand } from './stack.js';
import { startCommand } from './start.js';
import { trainCommand } from './train.js';
import { UsageError } from './usage-error.js';
import { WorkerError } from './workers.js';

/** Failures that a user can act upon: their message is all there is to say. */
const EXPECTED = [
  ConnectorError,
  DemoError,
  LakeError,
  LogError,
  ProducerError,
  RecordError,
  SchemaError,
  SchemaFileError,
  StackError,
  StateError,
  TopologyError,
  UsageError,
  WorkerError,
];

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** The `millrace` program. @returns the exit code: 0 done, 1 failed, 2 wrong use */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('millrace')
    .description('stream processing for TypeScript, and real-time log analytics on it')
    .showHelpAfterError('(--help shows the options)')
    .exitOverride();
  for (const command of [
    startCommand,
    produceCommand,
    consumeCommand,
    describeCommand,
    lakeCommand,
    queryCommand,
    analyzeCommand,
    connectorsCommand,
    trainCommand,
    schemasCommand,
    stackCommand,
    demoCommand,
  ]) {
    command(program).exitOverride().showHelpAfterError('(--help shows the options)');
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    // It waited for a service, and was told not to.
    if (isEndBySignal(error)) return 0;
    if (!(error instanceof Error)) throw error;
    const expected = EXPECTED.some((kind) => error instanceof kind);
    process.stderr.write(`millrace: ${expected ? error.message : (error.stack ?? error.message)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}
