import type { Command, Option } from 'commander';

/** What has no place in a file: it asks for help, names the file, confirms, destroys, or is another word for an option. */
const FLAGS_ALONE = ['help', 'version', 'config', 'yes', 'delete', 'json'];

/** Whose options are settings of all commands that have an option of that name. */
const COMMANDS_OF_SHARED = ['start', 'serve'];

/** Options that only have the name in common with one of `start`. */
const NAMESAKES: Readonly<Record<string, readonly string[]>> = {
  consume: ['follow'],
  demo: ['rate'],
  'connectors apply': ['registry', 'elasticsearch'],
  'dashboards apply': ['elasticsearch'],
  'lake write': ['commit-interval', 'once'],
};

/** An option of commands, as the file and the environment know it. */
export interface Setting {
  /** In the file; the flag without its dashes, and without `no-`. */
  readonly name: string;
  /** Under which the command finds its value. */
  readonly attribute: string;
  /** Undefined where there is only a flag that turns it off. */
  readonly option: Option | undefined;
  /** The flag that turns it off. */
  readonly negative: Option | undefined;
  /** The variables that set it; the first is the one to be told. */
  readonly variables: readonly [string, ...string[]];
}

/** The settings of a command. */
export interface CommandSettings {
  /** Its name, with those of the commands that it is in: `lake write`. */
  readonly path: string;
  readonly command: Command;
  readonly shared: readonly Setting[];
  /** Those that only this command has. */
  readonly own: readonly Setting[];
}

/** Every option of the program that a file or the environment may set: derived from the commands. */
export class Settings {
  /** By name, those that stand at the top of a file. */
  readonly shared = new Map<string, Setting>();
  readonly commands: readonly CommandSettings[];

  constructor(program: Command) {
    const leaves = leavesOf(program);
    for (const { command } of leaves.filter((leaf) => COMMANDS_OF_SHARED.includes(leaf.path))) {
      for (const setting of settingsOf(command, 'MILLRACE')) {
        if (!this.shared.has(setting.name)) this.shared.set(setting.name, setting);
      }
    }
    this.commands = leaves.map(({ command, path }) => {
      const isShared = ({ name }: Setting) => this.shared.has(name) && !NAMESAKES[path]?.includes(name);
      const all = settingsOf(command, `MILLRACE_${constant(path)}`);
      // The option is the command's, which may describe it, or read it, in a way of its own.
      const shared = all.filter(isShared).map((setting) => ({
        ...setting,
        variables: this.shared.get(setting.name)?.variables ?? setting.variables,
      }));
      return { path, command, shared, own: all.filter((setting) => !isShared(setting)) };
    });
  }

  of(command: Command): CommandSettings | undefined {
    return this.commands.find((each) => each.command === command);
  }

  /** All variables that set something. */
  variables(): string[] {
    const all = [...this.shared.values(), ...this.commands.flatMap(({ own }) => own)];
    return [...new Set(all.flatMap(({ variables }) => variables))];
  }
}

/** The commands that do something, each with its path, such as `lake write`. */
export function leavesOf(command: Command, path: readonly string[] = []): { command: Command; path: string }[] {
  if (path[0] === 'config') return [];
  if (command.commands.length === 0) return [{ command, path: path.join(' ') }];
  return command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]));
}

function settingsOf(command: Command, prefix: string): Setting[] {
  const attributes = new Set(command.options.map((option) => option.attributeName()));
  return [...attributes].flatMap((attribute) => {
    const options = command.options.filter((option) => option.attributeName() === attribute);
    const option = options.find(({ negate }) => !negate);
    const negative = options.find(({ negate }) => negate);
    const name = (option?.name() ?? negative?.name() ?? '').replace(option === undefined ? /^no-/ : /^$/, '');
    if (FLAGS_ALONE.includes(name)) return [];
    const more = options.flatMap(({ envVar }) => (envVar === undefined ? [] : [envVar]));
    const usual = `${prefix}_${constant(name)}`;
    // One that a command has had under another name stays the one to be told, unless it is not of this program.
    const variables = [...more.filter((each) => each.startsWith('MILLRACE_')), usual, ...more];
    return [{ name, attribute, option, negative, variables: distinct(variables, usual) }];
  });
}

function distinct(names: readonly string[], otherwise: string): [string, ...string[]] {
  const [first = otherwise, ...others] = new Set(names);
  return [first, ...others];
}

function constant(name: string): string {
  return name.replaceAll(/[- ]/g, '_').toUpperCase();
}
