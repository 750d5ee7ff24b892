import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readLogs } from '../../producer/log-source.js';
import { ProducerError } from '../../producer/producer-error.js';
import type { RawTopicWriter } from '../../producer/raw-topic-writer.js';
import type { Notify } from '../notice.js';
import { eventDefaultsOf } from './line-reading.js';
import { serviceFromFile } from './service-from-file.js';
import type { FileSource } from './source.js';

/** Writes what logs hold until they end or it is aborted. @throws ProducerError, LogError */
export async function ingestFiles(
  source: FileSource,
  writer: RawTopicWriter,
  signal: AbortSignal,
  onNotice: Notify,
): Promise<void> {
  for (;;) {
    try {
      await readInto(source, writer, signal, onNotice);
      return;
    } catch (error) {
      const isMoved = error instanceof ProducerError && error.code === 'INPUT_MOVED';
      if (!isMoved || (await isPiped(source.inputs))) throw error;
    }
  }
}

/** Whether one of them has no positions: it cannot be read again. */
async function isPiped(inputs: readonly string[]): Promise<boolean> {
  for (const input of inputs) {
    const stats = await stat(input).catch(() => undefined);
    if (input === '-' || (stats !== undefined && !stats.isFile() && !stats.isDirectory())) return true;
  }
  return false;
}

async function readInto(
  source: FileSource,
  writer: RawTopicWriter,
  signal: AbortSignal,
  onNotice: Notify,
): Promise<void> {
  const { follow, format, hostOf, inputs, map, maxAheadMs, speed } = source;
  const batches = readLogs({
    ...eventDefaultsOf(source),
    ...{ inputs, format, map, follow, maxAheadMs, signal },
    serviceOf: serviceFromFile,
    onDecision: (message) => onNotice({ kind: 'input', message }),
    // A batch is written whole, with its position: at a pace, each line has its own time.
    ...(speed === undefined ? {} : { batchLines: 1 }),
    positions: writer.positions,
    ...(hostOf === undefined ? {} : { hostOf }),
    onWarning: (message) => onNotice({ kind: 'input', message }),
    onDamage: (message) => {
      writer.metrics.damage.push(message);
      onNotice({ kind: 'input', message });
    },
  });
  const pacer = speed === undefined ? undefined : new Pacer(speed, signal);
  for await (const batch of batches) {
    await pacer?.waitFor([...batch.events, ...batch.serviceLogs, ...batch.readings]);
    // What is late at its pace is not written ahead of it; anything else that was read is.
    if (signal.aborted && pacer !== undefined) return;
    await writer.writeBatch(batch);
  }
}

/** Holds events back until their time comes, on a clock that runs `speed` times as fast. */
class Pacer {
  readonly #speed: number;
  readonly #signal: AbortSignal;
  #first: number | undefined;
  readonly #startedAt = Date.now();

  constructor(speed: number, signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  async waitFor(events: readonly { readonly timestamp: number }[]): Promise<void> {
    const [first] = events;
    if (first === undefined) return;
    this.#first ??= first.timestamp;
    const newest = events.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
    const due = this.#startedAt + (newest - this.#first) / this.#speed;
    const waitMs = due - Date.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#signal }).catch(() => {});
  }
}
