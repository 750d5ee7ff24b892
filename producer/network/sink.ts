import type { EventBatch } from '../log-source.js';
import { ProducerError } from '../producer-error.js';

/** What a delivery is known by when it comes again. */
export interface DeliveryId {
  readonly text: string;
  /** False where the sender says that it is new. */
  readonly mayBeRepeated: boolean;
}

/** Where transports hand over what they have received. */
export interface Sink {
  /**
   * Resolves when the events are durable. What has the same id as what came within the hour is not written again: it is the
   * same once more, from a sender that had no answer.
   *
   * @param sizeBytes as they were received
   * @throws ProducerError QUEUE_FULL, QUEUE_CLOSED; LogError
   */
  take(events: EventBatch, sizeBytes: number, id?: DeliveryId): Promise<void>;
  /** For senders that can only be held up: resolves when there is room. */
  room(): Promise<void>;
}

/** Batches as one, in their order. */
export function together(batches: readonly EventBatch[]): EventBatch {
  const [only, ...others] = batches;
  if (only !== undefined && others.length === 0) return only;
  return {
    events: batches.flatMap(({ events }) => events),
    serviceLogs: batches.flatMap(({ serviceLogs }) => serviceLogs),
    readings: batches.flatMap(({ readings }) => readings),
    badLines: batches.flatMap(({ badLines }) => badLines),
    oddFields: batches.reduce<EventBatch['oddFields']>(sumOf, new Map()),
    excluded: batches.reduce((sum, { excluded }) => sum + excluded, 0),
  };
}

function sumOf(all: EventBatch['oddFields'], { oddFields }: EventBatch): EventBatch['oddFields'] {
  if (oddFields.size === 0) return all;
  const sum = new Map(all);
  for (const [field, count] of oddFields) sum.set(field, (sum.get(field) ?? 0) + count);
  return sum;
}

export function eventsIn({ events, readings, serviceLogs }: EventBatch): number {
  return events.length + readings.length + serviceLogs.length;
}

/** For senders that can only be held up: waits until there is room. @throws as `Sink#take`, but for QUEUE_FULL */
export async function takeWhenThereIsRoom(sink: Sink, ...delivery: Parameters<Sink['take']>): Promise<void> {
  for (;;) {
    await sink.room();
    try {
      return await sink.take(...delivery);
    } catch (error) {
      if (!(error instanceof ProducerError) || error.code !== 'QUEUE_FULL') throw error;
    }
  }
}
