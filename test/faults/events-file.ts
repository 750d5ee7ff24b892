import { appendFile, writeFile } from 'node:fs/promises';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import type { AccessLog } from '../../schemas/records.js';

const FIRST_ROUND_MS = Date.UTC(2026, 0, 1, 12);
/** Every window of a round is over before the next one's first. */
const ROUND_MS = 3_600_000;

/** A log file that grows, and the events in it. */
export class EventsFile {
  readonly events: AccessLog[] = [];
  #simulator: TrafficSimulator | undefined;
  #rounds = 0;

  private constructor(
    readonly path: string,
    readonly seed: number,
  ) {}

  static async create(path: string, seed: number): Promise<EventsFile> {
    await writeFile(path, '');
    return new EventsFile(path, seed);
  }

  /** What is written from now on is of a later time than all before. */
  beginRound(): void {
    this.#simulator = new TrafficSimulator({
      seed: this.seed + this.#rounds,
      startMs: FIRST_ROUND_MS + this.#rounds * ROUND_MS,
      eventsPerSecond: 100,
      clients: 300,
      hosts: 10,
      // Beyond the grace period: what is late must be late also when a restart came between.
      disorderMs: 7000,
      belowThresholds: false,
    });
    this.#rounds++;
  }

  async write(count: number): Promise<void> {
    const simulator = this.#simulator;
    if (simulator === undefined) throw new Error('no round has begun');
    const events = Array.from({ length: count }, () => simulator.next().event);
    this.events.push(...events);
    const lines = events.map(({ timestamp, ...event }) => JSON.stringify({ ...event, '@timestamp': timestamp / 1000 }));
    await appendFile(this.path, `${lines.join('\n')}\n`);
  }
}
