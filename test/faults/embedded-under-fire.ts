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

/** The goals over a file that grows, and the numbers, each in one process on an embedded log of its own. */
export class EmbeddedUnderFire extends UnderFire {
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
    const expected = referenceGoals(partitioned(this.field.file.events, PARTITIONS), { graceMs: 5000 });
    expectSameGoals(actual, expected);
    expect(actual.records[3], 'records of goal 3').toBe(expected.goal3.size);
    expect(actual.records[4], 'records of goal 4').toBe(expected.goal4.size);
    const numbers = await EmbeddedLog.open({ directory: join(this.field.data, 'numbers', 'log') });
    await expectNumbers(numbers, this.numbersFed);
    await numbers.close();
    this.journal.note(`equal: ${this.field.file.events.length} events, ${this.numbersFed} numbers`);
  }

  protected async closeServices(): Promise<void> {}

  get #goals(): string[] {
    return [
      ...['start', '--input', this.field.file.path, '--data-dir', join(this.field.data, 'goals')],
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
    // Unless the first was killed meanwhile.
    if (slot.isRunning && code !== 0) expect(stderr).toMatch(/is in use/);
  }
}
