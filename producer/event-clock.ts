import { orderInWords } from './date-order.js';
import { type Guess, TimeReader } from './event-time.js';
import { LineRefusal, says, shown } from './formats/line-format.js';
import type { OddFieldCounts } from './odd-fields.js';
import { ProducerError } from './producer-error.js';

export interface ClockOptions {
  /** Times further ahead of the clock than this are wrong. */
  readonly maxFutureMs: number;
  /** Of times that name none, such as Europe/Berlin. Default UTC. */
  readonly timeZone?: string | undefined;
}

/** What is said of a time that was guessed in part. */
const GUESSES: Readonly<Record<Guess, string>> = {
  'without a zone': 'without a zone, taken for UTC',
  'without a year': 'without a year, taken for the last that is over',
  'without a date': 'without a date, taken for the last that is over',
  'in either order': orderInWords('day', false),
};

/** Reads when events were, and refuses what cannot be. */
export class EventClock {
  readonly #times: TimeReader;
  readonly #maxFutureMs: number;
  readonly #oddFields: OddFieldCounts;

  /** @throws ProducerError TIME_ZONE */
  constructor({ maxFutureMs, timeZone }: ClockOptions, oddFields: OddFieldCounts) {
    this.#maxFutureMs = maxFutureMs;
    this.#oddFields = oddFields;
    try {
      this.#times = new TimeReader({ timeZone });
    } catch (cause) {
      throw new ProducerError('TIME_ZONE', `there is no time zone ${shown(timeZone)}; one is Europe/Berlin`, { cause });
    }
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
    const { guess } = this.#times;
    if (guess !== undefined) this.#oddFields.add('time', GUESSES[guess]);
    return time;
  }
}
