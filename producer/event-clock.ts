import { TimeReader } from './event-time.js';
import { LineRefusal, says, shown } from './formats/line-format.js';

/** Reads when events were, and refuses what cannot be. */
export class EventClock {
  readonly #times: TimeReader;
  readonly #maxFutureMs: number;

  /** @param maxFutureMs times further ahead of the clock than this are wrong */
  constructor(maxFutureMs: number, times = new TimeReader()) {
    this.#maxFutureMs = maxFutureMs;
    this.#times = times;
  }

  /** @returns milliseconds since the epoch */
  timestamp(value: unknown): number | LineRefusal {
    if (!says(value)) return new LineRefusal('missing-field', 'the time is missing');
    const time = this.#times.read(value);
    if (Number.isNaN(time)) return new LineRefusal('wrong-timestamp', `no time that can be read: ${shown(value)}`);
    if (!(time > 0)) return new LineRefusal('wrong-timestamp', `no time after 1970: ${shown(value)}`);
    if (time > Date.now() + this.#maxFutureMs) {
      return new LineRefusal(
        'timestamp-in-future',
        `${shown(value)} is more than ${this.#maxFutureMs} ms ahead of the clock`,
      );
    }
    return time;
  }
}
