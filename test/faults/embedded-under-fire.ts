import { join } from 'node:path';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { expect } from 'vitest';
import { SchemaDirectory } from '../../schemas/schema-directory.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { registerSerdes } from '../../topology/serdes.js';
import { Millrace } from '../integration/millrace.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { referenceGoals } from '../reference/goals.js';
import { partitioned, readGoals } from '../reference/run-goals.js';
import { expectNumbers, NUMBERS, NUMBERS_PROGRAM } from './numbers.js';
import { type Action, prepareField, UnderFire, type UnderFireOptions } from './under-fire.js';

const PARTITIONS = 4;
const config = DEFAULT_GOAL_CONFIG;
const GRACE_MS = 5000;
/** Of goals 3 and 4. */
const WINDOW_MS = 60_000;

/** The goals over a file that grows, and the numbers, each in one process on an embedded log of its own. */
export class EmbeddedUnderFire extends UnderFire {
  /** Results that come again: the end of an input sends windows that are open as they stand, and leaves them open. */
  #sentAgain = { goal3: 0, goal4: 0 };
  /** A second process has come to the end of the input, when the first was killed: nobody knows what was open then. */
  #secondRan = false;

  static async create(options: UnderFireOptions): Promise<EmbeddedUnderFire> {
    const run = new EmbeddedUnderFire(options, await prepareField(options));
    run.addSlot({ name: 'goals', args: () => [...run.#goals, '--follow', '--idle', '10h'], steps: 'embedded' });
    run.addSlot({
      name: 'numbers',
      program: NUMBERS_PROGRAM,
      args: () => [run.#numbers()],
      steps: 'embedded',
    });
    return run;
  }

  protected get furtherActions(): readonly Action[] {
    return [{ weight: 1, run: () => this.#startSecond() }];
  }

  /** The application writes them itself. */
  protected async feedNumbers(): Promise<void> {}

  /** What is behind is processed by `finish`: there is one process of each. */
  protected async caughtUp(): Promise<void> {}

  protected async finish(): Promise<void> {
    await this.runToEnd([...this.#goals, '--once']);
    await this.runToEnd([this.#numbers({ drain: true })], NUMBERS_PROGRAM);
    const log = await EmbeddedLog.open({ directory: join(this.field.data, 'goals', 'log') });
    const schemas = new SchemaDirectory(join(this.field.data, 'goals', 'schemas.json'));
    const actual = await readGoals(log, config, await registerSerdes(schemas, config.topics));
    await log.close();
    const partitions = partitioned(this.field.file.events, PARTITIONS);
    const expected = referenceGoals(partitions, { graceMs: GRACE_MS });
    expectSameGoals(actual, expected);
    const time = Math.min(...partitions.map((events) => Math.max(...events.map(({ timestamp }) => timestamp))));
    for (const goal of ['goal3', 'goal4'] as const) {
      const records = actual.records[goal === 'goal3' ? 3 : 4];
      const once = expected[goal].size + this.#sentAgain[goal];
      if (this.#secondRan) expect(records, `records of ${goal}`).toBeGreaterThanOrEqual(once);
      else expect(records, `records of ${goal}`).toBe(once);
      const starts = [...expected[goal].keys()].map((id) => Number(id.slice(id.lastIndexOf('@') + 1)));
      this.#sentAgain[goal] += starts.filter((start) => start + WINDOW_MS + GRACE_MS > time).length;
    }
    const numbers = await EmbeddedLog.open({ directory: join(this.field.data, 'numbers', 'log') });
    await expectNumbers(numbers, this.numbersFed);
    await numbers.close();
    this.journal.note(`equal: ${this.field.file.events.length} events, ${this.numbersFed} numbers`);
  }

  protected async closeServices(): Promise<void> {}

  get #goals(): string[] {
    return [
      ...['start', '--input', this.field.file.path, '--data-dir', join(this.field.data, 'goals')],
      ...['--grace', `${GRACE_MS}ms`],
      ...['--partitions', String(PARTITIONS), '--commit-interval', '50ms'],
    ];
  }

  #numbers(options: { readonly drain?: boolean } = {}): string {
    const dataDir = join(this.field.data, 'numbers');
    return JSON.stringify({ ...NUMBERS, dataDir, feedTo: this.numbersFed, ...options });
  }

  /** A second process must leave the first alone. */
  async #startSecond(): Promise<void> {
    const slot = this.slots[0];
    if (!slot?.isRunning) return;
    this.journal.action('second process on the log', 'a second process on the log of the goals');
    const { code, stderr } = await new Millrace([...this.#goals, '--once']).finished;
    if (code === 0) this.#secondRan = true;
    // Unless the first was killed meanwhile.
    if (slot.isRunning && code !== 0) expect(stderr).toMatch(/is in use/);
  }
}
