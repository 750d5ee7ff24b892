import { unwatchFile, watchFile } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Command, Option, OptionValues } from 'commander';
import { say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';
import { configFileOf, configure } from './configuration.js';
import type { Settings } from './settings.js';

export type MakeProgram = () => Promise<{ readonly program: Command; readonly settings: Settings }>;

const POLL_MS = 1_000;
const SETTLE_MS = 200;

const RELOADABLE = new WeakSet<Option>();

/** Marks an option whose value a running command takes over when it changes. */
export function reloadable<One extends Option>(option: One): One {
  RELOADABLE.add(option);
  return option;
}

export function isReloadable(option: Option | undefined): boolean {
  return option !== undefined && RELOADABLE.has(option);
}

interface Reread {
  readonly options: OptionValues;
  /** Attributes of options by the names of their settings. */
  readonly reloaded: ReadonlyMap<string, string>;
  readonly others: ReadonlyMap<string, string>;
}

export interface ReloadOptions {
  /** The command that runs. */
  readonly command: Command;
  readonly makeProgram: MakeProgram;
  /** Files that settings name, whose content counts as well. */
  readonly files: (options: OptionValues) => readonly (string | undefined)[];
  /** Takes the new values over; what it refuses stays as it was. @throws what is wrong with them */
  readonly apply: (options: OptionValues) => Promise<void> | void;
}

/**
 * Lets a running command take over what changes in the settings file and in files that it names: on SIGHUP, and when one of
 * them was written. Settings that need a restart are named; when anything is wrong, all stay as they are.
 */
export class Reload {
  readonly #options: ReloadOptions;
  readonly #onHangup = () => void this.#reload(true);
  readonly #onWritten = () => void this.#reload(false);
  readonly #watched = new Set<string>();
  #current: Reread;
  /** One after the other. */
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: ReloadOptions, current: Reread) {
    this.#options = options;
    this.#current = current;
    // Of a terminal it says that this has gone, and with it whoever started the command.
    if (!process.stderr.isTTY) process.on('SIGHUP', this.#onHangup);
    this.#watch();
  }

  static async start(options: ReloadOptions): Promise<Reload> {
    return new Reload(options, await reread(options));
  }

  async close(): Promise<void> {
    this.#closed = true;
    process.off('SIGHUP', this.#onHangup);
    for (const file of this.#watched) unwatchFile(file, this.#onWritten);
    await this.#last;
  }

  #reload(isAsked: boolean): Promise<void> {
    this.#last = this.#last
      // Whoever writes a file may not be done with it.
      .then(() => (isAsked ? undefined : delay(SETTLE_MS)))
      .then(() => this.#take(isAsked))
      .catch((error: Error) => {
        say(safe`the settings stay as they were: ${error.message}`, 'warn');
      });
    return this.#last;
  }

  async #take(isAsked: boolean): Promise<void> {
    if (this.#closed) return;
    const next = await reread(this.#options);
    const changed = (of: ReadonlyMap<string, string>) =>
      [...of].flatMap(([name, attribute]) =>
        isDeepStrictEqual(next.options[attribute], this.#current.options[attribute]) ? [] : [name],
      );
    const taken = changed(next.reloaded);
    const left = changed(next.others);
    // The content of a file that they name may have changed, too.
    await this.#options.apply(next.options);
    this.#current = next;
    this.#watch();
    if (taken.length > 0) say(safe`taken over: ${taken.join(', ')}`);
    else if (left.length === 0) say(safe`the settings were read again${isAsked ? '' : ', for a file has changed'}`);
    if (left.length > 0) say(safe`changed, and only used after a restart: ${left.join(', ')}`, 'warn');
  }

  #watch(): void {
    const { command, files } = this.#options;
    const { config } = command.opts<{ readonly config?: string }>();
    for (const file of [configFileOf(config, process.env), ...files(this.#current.options)]) {
      if (file === undefined || this.#watched.has(file)) continue;
      this.#watched.add(file);
      watchFile(file, { interval: POLL_MS, persistent: false }, this.#onWritten);
    }
  }
}

/** What the command would run with now. @throws ConfigurationError */
async function reread({ command, makeProgram }: ReloadOptions): Promise<Reread> {
  const { settings } = await makeProgram();
  const fresh = settings.commands.find(({ path }) => path === command.name());
  if (fresh === undefined) throw new Error(`${command.name()} has no settings`);
  fresh.command.parseOptions(wordsAfter(command));
  await configure(fresh.command, settings);
  const all = [...fresh.shared, ...fresh.own];
  const named = (isOf: boolean) =>
    new Map(all.filter(({ option }) => isReloadable(option) === isOf).map(({ attribute, name }) => [name, attribute]));
  return { options: fresh.command.opts(), reloaded: named(true), others: named(false) };
}

function wordsAfter(command: Command): string[] {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const { rawArgs } = root as Command & { readonly rawArgs: readonly string[] };
  return rawArgs.slice(rawArgs.indexOf(command.name()) + 1);
}
