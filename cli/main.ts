import { type Command, CommanderError } from 'commander';
import { endWhenDone } from '../app/end-process.js';
import { KafkaClientError } from '../app/log/kafka-client.js';
import { keepFilesPrivate } from '../app/log/privacy.js';
import { UsageError } from './options/usage-error.js';
import { commandsFor, makeProgram } from './program.js';
import { failureText } from './terminal/failure-text.js';
import { InterruptedError, isEndBySignal } from './terminal/interruption.js';
import { say } from './terminal/output.js';
import { safe } from './terminal/safe-text.js';
import { sayWarnings } from './terminal/warnings.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const HELP = ['--help', '-h'];

/** Runs the `millrace` program, and ends with its exit code. */
export async function run(args: readonly string[]): Promise<void> {
  endWhenDone(await main(args));
}

/** The `millrace` program. @returns the exit code: 0 done, 1 failed, 2 wrong use, 128 + n stopped by signal n */
export async function main(args: readonly string[]): Promise<number> {
  endOnBugs();
  keepFilesPrivate();
  sayWarnings();
  const { program } = await makeProgram(commandsFor(args, process.env));
  try {
    await program.parseAsync(withoutHelpOfUnknown(program, args), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'commander.unknownCommand') say(safe`there are: ${names(program)}`);
      return error.exitCode === 0 ? 0 : EXIT_USAGE;
    }
    // It waited for a service and was stopped.
    if (isEndBySignal(error)) return 0;
    const isInterrupted = error instanceof KafkaClientError && error.code === 'INTERRUPTED';
    if (error instanceof InterruptedError || isInterrupted) {
      say(safe`millrace: ${error.message}`, 'error');
      return error.exitCode;
    }
    say(safe`millrace: ${failureText(error)}`, 'error');
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}

function names({ commands }: Command): string {
  return commands.map((command) => command.name()).join(', ');
}

/** Commander answers `nosuch --help` with the help of the program, as if there were such a command. */
function withoutHelpOfUnknown(program: Command, args: readonly string[]): readonly string[] {
  let command = program;
  for (const arg of args) {
    if (arg.startsWith('-') || command.commands.length === 0 || arg === 'help') break;
    const next = command.commands.find((each) => each.name() === arg);
    if (next === undefined) return args.filter((each) => !HELP.includes(each));
    command = next;
  }
  return args;
}

/** What fails outside of all work that somebody waits for ends the process with a line, not with a stack trace. */
function endOnBugs(): void {
  process.on('uncaughtException', (error) => {
    say(safe`millrace: ${failureText(error)}`, 'error');
    process.exit(EXIT_FAILURE);
  });
}
