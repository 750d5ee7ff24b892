import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../producer/random.js';
import { Millrace, temporaryDirectory } from '../integration/millrace.js';
import { EventsFile } from './events-file.js';
import type { Journal } from './journal.js';
import { Slot, type SlotOptions } from './slot.js';
import { SmallDisk, StateDamage } from './state-damage.js';

const FEED_STEPS = 200;
const FEED_INTERVAL_MS = 100;
const DISK_MEGABYTES = 512;
const DISK_FULL_MS = 5000;
const LAST_RUN_MS = 120_000;

/** Something that is done to what runs, and how often it is chosen. */
export interface Action {
  readonly weight: number;
  readonly run: () => Promise<void>;
}

export interface UnderFireOptions {
  readonly seed: number;
  readonly journal: Journal;
}

export interface Round {
  /** How many are drawn. */
  readonly actions: number;
  /** What flows in meanwhile. */
  readonly events: number;
  readonly numbers: number;
}

/** Where it all happens. */
export interface Field {
  readonly directory: string;
  /** A small disk of its own, where that can be had. */
  readonly data: string;
  readonly disk: SmallDisk | undefined;
  readonly file: EventsFile;
}

export async function prepareField({ seed, journal }: UnderFireOptions): Promise<Field> {
  const { path: directory } = await temporaryDirectory();
  const data = join(directory, 'data');
  const disk = await SmallDisk.mount(data, DISK_MEGABYTES);
  if (disk === undefined) journal.note('no full disks: mounting a small file system takes root');
  await mkdir(join(directory, 'processes'));
  return { directory, data, disk, file: await EventsFile.create(join(directory, 'events.json'), seed) };
}

/** Each has draws of its own, so that what is drawn for one does not depend on the timing of others. */
function randomFor(seed: number, name: string): Random {
  return new Random(createHash('sha256').update(`${seed} ${name}`).digest().readInt32BE());
}

/**
 * Applications that run while everything happens to them, in rounds: while events and numbers flow in, processes strike
 * themselves and actions are drawn by the seed; then all is let finish, and the results are compared.
 */
export abstract class UnderFire {
  protected readonly slots: Slot[] = [];
  protected readonly random: Random;
  protected readonly journal: Journal;
  protected numbersFed = 0;
  /** In this round: whoever met it ends by and by. */
  protected wasDiskFull = false;
  readonly #damage: StateDamage;
  #failure: Error | undefined;

  protected constructor(
    readonly options: UnderFireOptions,
    protected readonly field: Field,
  ) {
    const { journal, seed } = options;
    this.journal = journal;
    this.random = randomFor(seed, 'actions');
    this.#damage = new StateDamage(field.data, join(field.directory, 'earlier'), randomFor(seed, 'damage'));
  }

  get directory(): string {
    return this.field.directory;
  }

  protected addSlot(options: Pick<SlotOptions, 'name' | 'program' | 'args' | 'steps'>): void {
    this.slots.push(
      new Slot({
        ...options,
        random: randomFor(this.options.seed, options.name),
        journal: this.journal,
        directory: join(this.directory, 'processes'),
        mayEnd: (stderr) => this.wasDiskFull && /disk is full|No space left/.test(stderr),
        onFailure: (error) => {
          this.#failure ??= error;
        },
      }),
    );
  }

  /** Things to do beside killing, freezing and stopping processes and damaging their state. */
  protected abstract get furtherActions(): readonly Action[];
  /** Writes the numbers up to `numbersFed`, where the applications do not do so themselves. */
  protected abstract feedNumbers(): Promise<void>;
  /** Resolves when all that was fed is processed, with everything running. */
  protected abstract caughtUp(): Promise<void>;
  /** Runs everything to its end, in processes that are left alone, and compares the results. */
  protected abstract finish(): Promise<void>;
  protected abstract closeServices(): Promise<void>;

  async round({ actions, events, numbers }: Round): Promise<void> {
    const { slots } = this;
    this.wasDiskFull = false;
    await this.#damage.keep();
    this.field.file.beginRound();
    this.numbersFed += numbers;
    for (const slot of slots) {
      slot.rouse();
      slot.start();
    }
    let isOver = false;
    const fed = Promise.all([this.#feedEvents(events, () => isOver), this.feedNumbers()]);
    // It is awaited below; until then a failure is not to end this process.
    fed.catch(() => {});
    try {
      for (let i = 0; i < actions; i++) {
        await delay(500 + this.random.below(3000));
        this.#throwFailure();
        await this.#draw().run();
      }
      await delay(1000);
    } finally {
      isOver = true;
    }
    await fed;
    this.journal.note('fed; nothing more happens');
    for (const slot of slots) slot.calm();
    await this.caughtUp();
    this.#throwFailure();
    await Promise.all(slots.map((slot) => slot.stop()));
    this.#throwFailure();
    await this.finish();
  }

  async close(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.close()));
    await this.closeServices();
    this.field.disk?.unmount();
  }

  /** Has every process write down what it is doing. @returns where */
  async report(): Promise<string> {
    await Promise.all(this.slots.map((slot) => slot.report()));
    return join(this.directory, 'processes');
  }

  /** Runs a program to its end, which must be a good one. */
  protected async runToEnd(args: readonly string[], program?: string): Promise<void> {
    const last = new Millrace(args, program === undefined ? {} : { program });
    const finished = await Promise.race([last.finished, delay(LAST_RUN_MS, undefined, { ref: false })]);
    if (finished === undefined) await last.kill('SIGKILL');
    if (finished?.code !== 0) {
      throw new Error(`${args[0]} did not end well (${finished?.signal ?? finished?.code}): ${last.stderr}`);
    }
  }

  protected get aSlot(): Slot {
    const running = this.slots.filter((slot) => slot.isRunning);
    const among = running.length > 0 ? running : this.slots;
    return among[this.random.below(among.length)] as Slot;
  }

  #draw(): Action {
    // As many of each as it weighs.
    const actions = [...this.#actions(), ...this.furtherActions].flatMap((action) =>
      Array<Action>(action.weight).fill(action),
    );
    return actions[this.random.below(actions.length)] as Action;
  }

  #actions(): Action[] {
    const { random } = this;
    const { disk } = this.field;
    const damage = this.#damage;
    return [
      {
        weight: 6,
        run: async () => {
          const slot = this.aSlot;
          await slot.kill();
          slot.startLater();
        },
      },
      {
        weight: 2,
        run: async () => {
          const slot = this.aSlot;
          await slot.stop();
          slot.startLater();
        },
      },
      { weight: 2, run: async () => this.aSlot.freeze(1000 + random.below(12_000)) },
      { weight: 1, run: () => this.#damageState('deleted', () => damage.deleteAll()) },
      { weight: 1, run: () => this.#damageState('deleted', () => damage.deleteOne()) },
      { weight: 1, run: () => this.#damageState('from an earlier time', () => damage.restoreOlder()) },
      { weight: 2, run: () => this.#damageState('corrupt', () => damage.corrupt()) },
      ...(disk === undefined ? [] : [{ weight: 1, run: () => this.#fillDisk(disk) }]),
    ];
  }

  /** State can be touched only while no process has it open. */
  async #damageState(kind: string, work: () => Promise<string>): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.kill()));
    this.journal.action(`state ${kind}`, `state: ${await work()}`);
    for (const slot of this.slots) slot.start();
  }

  async #fillDisk(disk: SmallDisk): Promise<void> {
    this.wasDiskFull = true;
    this.journal.action('disk full', 'disk: full');
    await disk.fill();
    await delay(DISK_FULL_MS);
    await disk.makeRoom();
    this.journal.note('disk: room again');
  }

  async #feedEvents(events: number, isOver: () => boolean): Promise<void> {
    for (let step = 0; step < FEED_STEPS; step++) {
      await this.field.file.write(events / FEED_STEPS);
      if (!isOver()) await delay(FEED_INTERVAL_MS);
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
