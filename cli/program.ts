import { Command, Option } from 'commander';
import { analyzeCommand } from './commands/analyze.js';
import { configCommand } from './commands/config.js';
import { connectorsCommand } from './commands/connectors.js';
import { consumeCommand } from './commands/consume.js';
import { dashboardsCommand } from './commands/dashboards.js';
import { demoCommand } from './commands/demo.js';
import { describeCommand } from './commands/describe.js';
import { inspectCommand } from './commands/inspect.js';
import { lakeCommand } from './commands/lake.js';
import { logCommand } from './commands/log.js';
import { produceCommand } from './commands/produce.js';
import { queryCommand } from './commands/query.js';
import { schemasCommand } from './commands/schemas.js';
import { serveCommand } from './commands/serve.js';
import { stackCommand } from './commands/stack.js';
import { startCommand } from './commands/start.js';
import { trainCommand } from './commands/train.js';
import { usersCommand } from './commands/users.js';
import { configure } from './configuration/configuration.js';
import { misspeltVariables } from './configuration/environment.js';
import { reloadable } from './configuration/reload.js';
import { leavesOf, Settings } from './configuration/settings.js';
import { LOG_LEVELS, MESSAGE_FORMS, type MessageOptions, print, say, sayAs } from './terminal/output.js';
import { programVersion } from './terminal/program.js';
import { SafeText, safe } from './terminal/safe-text.js';

/** The commands and their options. */
export interface Program {
  readonly program: Command;
  readonly settings: Settings;
}

/** Makes the program: before a command runs, its options have what the environment and the file say. */
export function makeProgram(): Program {
  const program = new Command('millrace')
    .description('stream processing for TypeScript, and real-time log analytics built on it')
    .version(programVersion(), '--version', 'print the version');
  for (const command of [
    startCommand,
    produceCommand,
    consumeCommand,
    inspectCommand,
    describeCommand,
    lakeCommand,
    queryCommand,
    analyzeCommand,
    connectorsCommand,
    dashboardsCommand,
    trainCommand,
    schemasCommand,
    logCommand,
    serveCommand,
    stackCommand,
    usersCommand,
    demoCommand,
  ]) {
    command(program, makeProgram);
  }
  for (const { command } of leavesOf(program)) addOptionsOfAll(command);
  const settings = new Settings(program);
  configCommand(program, makeProgram);
  speakAsOne(program);
  program.hook('preAction', async (_, action) => {
    if (settings.of(action) === undefined) return;
    await configure(action, settings);
    await sayAs(action.opts<MessageOptions>());
    for (const { message, place } of misspeltVariables(settings, process.env)) {
      say(safe`warning: ${place}: ${message}`, 'warn');
    }
  });
  return { program, settings };
}

function addOptionsOfAll(command: Command): void {
  command
    .addOption(
      new Option('--log-output <form>', 'how its own messages are written to standard error')
        .choices(MESSAGE_FORMS)
        .default('text' satisfies MessageOptions['logOutput']),
    )
    .addOption(levelOption(command))
    .option('--config <file>', 'a file with settings, for options that no flag gives (default: ./millrace.yaml)');
}

/** What runs for long may be asked to say more. */
function levelOption(command: Command): Option {
  const option = new Option('--log-level <level>', 'which of them are written: those of this level and worse')
    .choices(LOG_LEVELS)
    .default('info' satisfies MessageOptions['logLevel']);
  return ['start', 'serve'].includes(command.name()) ? reloadable(option) : option;
}

/** Commander inherits none of these settings: each subcommand needs them. */
function speakAsOne(command: Command): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help shows the options)')
    .configureOutput({
      writeOut: (text) => print(SafeText.lines(text.trimEnd())),
      writeErr: (text) => say(SafeText.lines(text.trimEnd())),
    });
  for (const subcommand of command.commands) speakAsOne(subcommand);
}
