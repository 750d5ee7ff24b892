import { Command, Option } from 'commander';
import { configFileOf, configure } from './configuration/configuration.js';
import { misspeltVariables, variablesOfProgram } from './configuration/environment.js';
import { type MakeProgram, reloadable } from './configuration/reload.js';
import { leavesOf, Settings } from './configuration/settings.js';
import { LOG_LEVELS, MESSAGE_FORMS, type MessageOptions, print, say, sayAs } from './terminal/output.js';
import { programVersion } from './terminal/program.js';
import { SafeText, safe } from './terminal/safe-text.js';

/** The commands and their options. */
export interface Program {
  readonly program: Command;
  readonly settings: Settings;
}

type AddCommand = (program: Command, makeProgram: MakeProgram) => Command;

/** In the order of the help. A command is loaded when it is needed: all of them take longer than most have to do. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  start: async () => (await import('./commands/start.js')).startCommand,
  produce: async () => (await import('./commands/produce.js')).produceCommand,
  consume: async () => (await import('./commands/consume.js')).consumeCommand,
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand,
  describe: async () => (await import('./commands/describe.js')).describeCommand,
  lake: async () => (await import('./commands/lake.js')).lakeCommand,
  query: async () => (await import('./commands/query.js')).queryCommand,
  analyze: async () => (await import('./commands/analyze.js')).analyzeCommand,
  connectors: async () => (await import('./commands/connectors.js')).connectorsCommand,
  dashboards: async () => (await import('./commands/dashboards.js')).dashboardsCommand,
  train: async () => (await import('./commands/train.js')).trainCommand,
  schemas: async () => (await import('./commands/schemas.js')).schemasCommand,
  log: async () => (await import('./commands/log.js')).logCommand,
  serve: async () => (await import('./commands/serve.js')).serveCommand,
  stack: async () => (await import('./commands/stack.js')).stackCommand,
  users: async () => (await import('./commands/users.js')).usersCommand,
  demo: async () => (await import('./commands/demo.js')).demoCommand,
  config: async () => (await import('./commands/config.js')).configCommand,
};

/**
 * The commands that a call needs: its own, unless settings of a file or the environment come in, which are known by the
 * options of all.
 */
export function commandsFor(args: readonly string[], environment: NodeJS.ProcessEnv): readonly string[] {
  const [name = ''] = args;
  if (name === '--version') return [];
  const isSet = variablesOfProgram(environment).length > 0;
  const namesFile = args.some((arg) => arg === '--config' || arg.startsWith('--config='));
  const all = Object.keys(COMMANDS);
  if (isSet || namesFile || name === 'config' || configFileOf(undefined, environment) !== undefined) return all;
  return all.includes(name) ? [name] : all;
}

/**
 * Makes the program: before a command runs, its options have what the environment and the file say.
 *
 * @param names of the commands that it has; default all
 */
export async function makeProgram(names: readonly string[] = Object.keys(COMMANDS)): Promise<Program> {
  const program = new Command('millrace')
    .description('stream processing for TypeScript, and real-time log analytics built on it')
    .version(programVersion(), '--version', 'print the version');
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (names.includes(name)) (await load())(program, makeProgram);
  }
  for (const { command } of leavesOf(program)) addOptionsOfAll(command);
  const settings = new Settings(program);
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
