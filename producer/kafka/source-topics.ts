import {
  type Headers,
  type Processor,
  type ProcessorContext,
  type Serde,
  StreamsBuilder,
  stringSerde,
  type Topology,
} from '@millrace/streams';
import type { AccessLog, SensorReading, ServiceLog } from '../../schemas/records.js';
import type { EventIntake } from '../event-intake.js';
import type { EventBatch } from '../log-source.js';
import type { TopicFor } from '../raw-topic-writer.js';

/** A topic that others fill. */
export interface SourceTopic {
  readonly topic: string;
  /** Makes events of its records; one for each task. */
  newEvents(): EventIntake;
  /** Told what became of a record: a transaction that is aborted is told twice. */
  onBatch(batch: EventBatch): void;
}

export interface SourceTopologyOptions {
  readonly sources: readonly SourceTopic[];
  /** A record's value as a line of its format. */
  readonly text: Serde<string>;
  readonly requests: TopicFor<AccessLog>;
  /** Without one, its events are dead letters: no pipeline that runs would read them. */
  readonly serviceLogs?: TopicFor<ServiceLog> | undefined;
  readonly readings?: TopicFor<SensorReading> | undefined;
  readonly deadLetterTopic: string;
}

/** What goes to a topic of ours. */
type Outgoing =
  | { readonly kind: 'request'; readonly event: AccessLog }
  | { readonly kind: 'service'; readonly event: ServiceLog }
  | { readonly kind: 'reading'; readonly event: SensorReading }
  | { readonly kind: 'refused'; readonly bytes: Buffer };

const bytesSerde: Serde<Buffer> = {
  serialize: (_topic, bytes) => bytes,
  deserialize: (_topic, bytes, start, end) => Buffer.from(bytes.subarray(start, end)),
};

/**
 * Reads topics that others fill, in their own formats, into the topics of events. As a topology it is exactly once: what was
 * read of a topic is committed with the events that it became.
 */
export function sourceTopology(options: SourceTopologyOptions): Topology {
  const { deadLetterTopic, readings, requests, serviceLogs, sources, text } = options;
  const builder = new StreamsBuilder();
  for (const source of sources) {
    const name = `read-${source.topic}`;
    const outgoing = builder
      .stream(source.topic, {
        ...{ value: text, nulls: 'refuse', name: `source-${source.topic}` },
        // When a record's event was, its format says.
        timestamp: () => Date.now(),
      })
      .process<string, Outgoing>(() => new Reading(source, options), { name });
    outgoing
      .flatMapValues((value) => (value.kind === 'request' ? [value.event] : []), { name: `${name}-requests` })
      .to(requests.topic, { key: stringSerde, value: requests.serde });
    if (serviceLogs !== undefined) {
      outgoing
        .flatMapValues((value) => (value.kind === 'service' ? [value.event] : []), { name: `${name}-services` })
        .to(serviceLogs.topic, { key: stringSerde, value: serviceLogs.serde });
    }
    if (readings !== undefined) {
      outgoing
        .flatMapValues((value) => (value.kind === 'reading' ? [value.event] : []), { name: `${name}-readings` })
        .to(readings.topic, { key: stringSerde, value: readings.serde });
    }
    outgoing
      .flatMapValues((value) => (value.kind === 'refused' ? [value.bytes] : []), { name: `${name}-refused` })
      .to(deadLetterTopic, { key: null, value: bytesSerde });
  }
  return builder.build();
}

/** Makes events of a task's records, one by one. */
class Reading implements Processor<unknown, string, string, Outgoing> {
  readonly #source: SourceTopic;
  readonly #events: EventIntake;
  readonly #reads: { readonly services: boolean; readonly sensors: boolean };
  #context: ProcessorContext<string, Outgoing> | undefined;

  constructor(source: SourceTopic, { readings, serviceLogs }: SourceTopologyOptions) {
    this.#source = source;
    this.#events = source.newEvents();
    this.#reads = { services: serviceLogs !== undefined, sensors: readings !== undefined };
  }

  init(context: ProcessorContext<string, Outgoing>): void {
    this.#context = context;
  }

  process({ value }: { readonly value: string }): void {
    const { topic } = this.#source;
    this.#events.addLine(value, topic);
    const batch = this.#events.take();
    for (const event of batch.events) this.#forward(event.client_ip, { kind: 'request', event }, event.timestamp);
    for (const event of batch.serviceLogs) {
      if (this.#reads.services) this.#forward(event.service, { kind: 'service', event }, event.timestamp);
      else this.#refuse(Buffer.from(value), unread('services'));
    }
    for (const event of batch.readings) {
      if (this.#reads.sensors) this.#forward(event.sensor_id, { kind: 'reading', event }, event.timestamp);
      else this.#refuse(Buffer.from(value), unread('sensors'));
    }
    for (const { bytes, reason } of batch.badLines) this.#refuse(bytes, reason);
    this.#source.onBatch(batch);
  }

  #refuse(bytes: Buffer, reason: string): void {
    const { offset = -1, partition = -1 } = this.#context?.recordMetadata ?? {};
    const told = { reason, source: this.#source.topic, partition: String(partition), offset: String(offset) };
    const headers = Object.entries(told).map(([key, text]) => ({ key, value: Buffer.from(text) }));
    this.#forward('', { kind: 'refused', bytes }, Date.now(), headers);
  }

  #forward(key: string, value: Outgoing, timestamp: number, headers: Headers = []): void {
    this.#context?.forward({ key, value, timestamp, headers });
  }
}

function unread(pipeline: string): string {
  return `unread: the pipeline ${pipeline}, which would read it, is none of --pipelines`;
}
