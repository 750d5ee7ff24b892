import type { Serde } from '@millrace/streams';
import { DDSketch } from '../../detection/dd-sketch.js';
import { Moments } from '../../detection/moments.js';
import { DistinctCount } from '../monitoring/distinct-count.js';
import { growing } from '../monitoring/growing-aggregator.js';
import { isAmount, sumOf } from '../monitoring/measured.js';
import { isError, type Line } from './service-lines.js';

const COUNTS_BYTES = 24;

/** What is kept of the lines of a window. Times are milliseconds. */
export class LineStatistics {
  count = 0;
  /** Of level ERROR or CRITICAL. */
  errors = 0;
  bytes = 0;
  /** Lines with a status, and those of them with one of 400 to 599. */
  responses = 0;
  failed = 0;

  constructor(
    readonly times = new Moments(),
    /** Of the logarithms: what a few very slow responses do to the mean, they do not do here. */
    readonly logTimes = new Moments(),
    readonly sketch = new DDSketch(),
    readonly sessions = new DistinctCount(),
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
    if (status !== null) {
      this.responses++;
      if (status >= 400 && status <= 599) this.failed++;
    }
    if (isAmount(time)) {
      this.times.add(time);
      this.logTimes.add(Math.log1p(time));
      this.sketch.add(time);
    }
    if (session !== null) this.sessions.add(session);
    this.bytes = sumOf(this.bytes, bytes ?? 0);
    return this;
  }

  addAll(other: LineStatistics): this {
    this.count += other.count;
    this.errors += other.errors;
    this.bytes = sumOf(this.bytes, other.bytes);
    this.responses += other.responses;
    this.failed += other.failed;
    this.times.addAll(other.times);
    this.logTimes.addAll(other.logTimes);
    this.sketch.addAll(other.sketch);
    this.sessions.addAll(other.sessions);
    return this;
  }
}

export const OF_LINES = growing<Line, LineStatistics>(() => new LineStatistics());

export const lineStatisticsSerde: Serde<LineStatistics> = {
  serialize(_topic, { bytes, count, errors, failed, logTimes, responses, sessions, sketch, times }) {
    const size = COUNTS_BYTES + 2 * Moments.byteLength + sketch.byteLength + sessions.byteLength;
    const serialized = Buffer.allocUnsafe(size);
    let at = serialized.writeDoubleBE(bytes, 0);
    for (const number of [count, errors, responses, failed]) at = serialized.writeUInt32BE(number, at);
    at = logTimes.write(serialized, times.write(serialized, at));
    sessions.write(serialized, sketch.write(serialized, at));
    return serialized;
  },
  deserialize(_topic, serialized, start) {
    const times = Moments.read(serialized, start + COUNTS_BYTES);
    const logTimes = Moments.read(serialized, start + COUNTS_BYTES + Moments.byteLength);
    const at = start + COUNTS_BYTES + 2 * Moments.byteLength;
    const sketch = DDSketch.read(serialized, at);
    const sessions = DistinctCount.read(serialized, at + sketch.byteLength);
    const statistics = new LineStatistics(times, logTimes, sketch, sessions);
    statistics.bytes = serialized.readDoubleBE(start);
    statistics.count = serialized.readUInt32BE(start + 8);
    statistics.errors = serialized.readUInt32BE(start + 12);
    statistics.responses = serialized.readUInt32BE(start + 16);
    statistics.failed = serialized.readUInt32BE(start + 20);
    return statistics;
  },
};
