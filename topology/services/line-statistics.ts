import type { Serde } from '@millrace/streams';
import { DDSketch } from '../../detection/dd-sketch.js';
import { Moments } from '../../detection/moments.js';
import { DistinctCount } from '../monitoring/distinct-count.js';
import { growing } from '../monitoring/growing-aggregator.js';
import { isAmount, sumOf } from '../monitoring/measured.js';
import { isError, isFailure, type Line } from './service-lines.js';

const COUNTS_BYTES = 24;
/** What newer versions write behind everything else, and what the newest write behind that. */
const ADDED_BYTES = 8 + Moments.byteLength;
const SECONDS_BYTES = 8;
const MS_PER_SECOND = 1000;
/** Seconds that are told from each other: bits of a number. */
const SECONDS = 30;

/** What is kept of the lines of a window. Times are milliseconds. */
export class LineStatistics {
  count = 0;
  /** Of level ERROR or CRITICAL. */
  errors = 0;
  bytes = 0;
  /** Lines with a status, and those of them with one of 400 to 599. */
  responses = 0;
  failed = 0;
  /** Of level ERROR or CRITICAL, or with a status of 500 to 599. */
  failures = 0;
  /** With a status of 400 to 499. */
  clientErrors = 0;
  /** A bit for each second, of half a minute, in which there was one of them. */
  failureSeconds = 0;
  clientErrorSeconds = 0;

  constructor(
    readonly times = new Moments(),
    /** Of the logarithms: what a few very slow responses do to the mean, they do not do here. */
    readonly logTimes = new Moments(),
    readonly sketch = new DDSketch(),
    readonly sessions = new DistinctCount(),
    /** Of the logarithms of the responses' bytes. */
    readonly logBytes = new Moments(),
  ) {}

  /** The geometric mean; undefined when no time is known. */
  get typicalTime(): number | undefined {
    return this.logTimes.mean === null ? undefined : Math.expm1(this.logTimes.mean);
  }

  get errorRate(): number {
    return this.count === 0 ? 0 : this.errors / this.count;
  }

  add(line: Line): this {
    const { bytes, response_time: time, session_id: session, status } = line;
    this.count++;
    if (isError(line)) this.errors++;
    if (isFailure(line)) {
      this.failures++;
      this.failureSeconds |= secondOf(line);
    }
    if (status !== null) {
      this.responses++;
      if (status >= 400 && status <= 599) {
        this.failed++;
        if (status < 500) {
          this.clientErrors++;
          this.clientErrorSeconds |= secondOf(line);
        }
      }
    }
    if (isAmount(time)) {
      this.times.add(time);
      this.logTimes.add(Math.log1p(time));
      this.sketch.add(time);
    }
    if (session !== null) this.sessions.add(session);
    if (bytes !== null) {
      this.bytes = sumOf(this.bytes, bytes);
      this.logBytes.add(Math.log1p(bytes));
    }
    return this;
  }

  addAll(other: LineStatistics): this {
    this.count += other.count;
    this.errors += other.errors;
    this.bytes = sumOf(this.bytes, other.bytes);
    this.responses += other.responses;
    this.failed += other.failed;
    this.failures += other.failures;
    this.clientErrors += other.clientErrors;
    this.failureSeconds |= other.failureSeconds;
    this.clientErrorSeconds |= other.clientErrorSeconds;
    this.logBytes.addAll(other.logBytes);
    this.times.addAll(other.times);
    this.logTimes.addAll(other.logTimes);
    this.sketch.addAll(other.sketch);
    this.sessions.addAll(other.sessions);
    return this;
  }
}

function secondOf({ timestamp }: Line): number {
  return 1 << (Math.floor(timestamp / MS_PER_SECOND) % SECONDS);
}

/** How many seconds a number has bits of. */
export function secondsIn(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

export const OF_LINES = growing<Line, LineStatistics>(() => new LineStatistics());

export const lineStatisticsSerde: Serde<LineStatistics> = {
  serialize(_topic, statistics) {
    const { bytes, clientErrors, clientErrorSeconds, count, errors, failed, failures, failureSeconds } = statistics;
    const { logBytes, logTimes } = statistics;
    const { responses, sessions, sketch, times } = statistics;
    const size =
      COUNTS_BYTES + 2 * Moments.byteLength + sketch.byteLength + sessions.byteLength + ADDED_BYTES + SECONDS_BYTES;
    const serialized = Buffer.allocUnsafe(size);
    let at = serialized.writeDoubleBE(bytes, 0);
    for (const number of [count, errors, responses, failed]) at = serialized.writeUInt32BE(number, at);
    at = logTimes.write(serialized, times.write(serialized, at));
    at = sessions.write(serialized, sketch.write(serialized, at));
    at = serialized.writeUInt32BE(clientErrors, serialized.writeUInt32BE(failures, at));
    at = logBytes.write(serialized, at);
    serialized.writeUInt32BE(clientErrorSeconds, serialized.writeUInt32BE(failureSeconds, at));
    return serialized;
  },
  deserialize(_topic, serialized, start, end) {
    const times = Moments.read(serialized, start + COUNTS_BYTES);
    const logTimes = Moments.read(serialized, start + COUNTS_BYTES + Moments.byteLength);
    let at = start + COUNTS_BYTES + 2 * Moments.byteLength;
    const sketch = DDSketch.read(serialized, at);
    at += sketch.byteLength;
    const sessions = DistinctCount.read(serialized, at);
    at += sessions.byteLength;
    const hasAdded = end >= at + ADDED_BYTES;
    const logBytes = hasAdded ? Moments.read(serialized, at + 8) : undefined;
    const statistics = new LineStatistics(times, logTimes, sketch, sessions, logBytes);
    statistics.bytes = serialized.readDoubleBE(start);
    statistics.count = serialized.readUInt32BE(start + 8);
    statistics.errors = serialized.readUInt32BE(start + 12);
    statistics.responses = serialized.readUInt32BE(start + 16);
    statistics.failed = serialized.readUInt32BE(start + 20);
    statistics.failures = hasAdded ? serialized.readUInt32BE(at) : statistics.errors;
    statistics.clientErrors = hasAdded ? serialized.readUInt32BE(at + 4) : 0;
    at += ADDED_BYTES;
    if (end >= at + SECONDS_BYTES) {
      statistics.failureSeconds = serialized.readUInt32BE(at);
      statistics.clientErrorSeconds = serialized.readUInt32BE(at + 4);
    }
    return statistics;
  },
};
