import {
  type KeepingAggregator,
  type KStream,
  type Serde,
  stringSerde,
  TimeWindows,
  type Windowed,
} from '@millrace/streams';
import { DDSketch } from '../../detection/dd-sketch.js';
import { UNKNOWN_CLIENT } from '../../schemas/canonical/address.js';
import { isAssetPath } from '../../schemas/canonical/asset.js';
import type { Traffic } from '../../schemas/records.js';
import { Asked, askedSerde } from '../abuse/asked.js';
import type { ApplicationConfig } from '../application-config.js';
import { DistinctCount } from '../monitoring/distinct-count.js';
import { growing } from '../monitoring/growing-aggregator.js';
import { isAmount, sumOf } from '../monitoring/measured.js';
import type { Request } from '../requests.js';
import type { TopicSerdes } from '../serdes.js';
import { ALL_HOSTS, type requestsByHost } from './requests-by-host.js';

const CLASSES = 5;
const COUNTS_BYTES = 8 * (3 + CLASSES);
const MS_PER_SECOND = 1000;

/**
 * The requests of each host, and of all, a few seconds at a time: what live charts are drawn of.
 *
 * @returns the windows, each when it is complete
 */
export function traffic(
  requests: ReturnType<typeof requestsByHost>,
  { grace, topics, traffic: { size } }: ApplicationConfig,
  serdes: TopicSerdes<'traffic'>,
): KStream<Windowed<string>, TrafficCounts> {
  const windows = requests
    .groupByKey({ key: stringSerde, name: 'traffic' })
    .windowedBy(TimeWindows.ofSizeAndGrace(size, grace))
    .emitStrategy('onWindowClose')
    .aggregate(OF_REQUESTS, { name: 'traffic', value: trafficSerde })
    .toStream({ name: 'closed-traffic' });
  windows
    .map(({ key: host, window: { end, start } }, counts) => [`${host}@${start}`, result(host, start, end, counts)], {
      name: 'traffic-results',
    })
    .to(topics.traffic, { name: 'send-traffic', key: stringSerde, value: serdes.traffic });
  return windows;
}

function result(host: string, window_start: number, window_end: number, counts: TrafficCounts): Traffic {
  const { bytes, clients, count, sized, sketch, statuses } = counts;
  const [status_1xx = 0, status_2xx = 0, status_3xx = 0, status_4xx = 0, status_5xx = 0] = statuses;
  return {
    ...{ host, window_start, window_end, requests: count },
    ...{ status_1xx, status_2xx, status_3xx, status_4xx, status_5xx },
    p50_response_time: sketch.quantile(0.5),
    p95_response_time: sketch.quantile(0.95),
    p99_response_time: sketch.quantile(0.99),
    bytes: sized === 0 ? null : bytes,
    clients: clients.estimate,
  };
}

/** What is kept of the requests of a window. Times are milliseconds. */
export class TrafficCounts {
  count = 0;
  /** Of the requests whose size is known, which are `sized`. */
  bytes = 0;
  sized = 0;
  /** From 1xx to 5xx. */
  readonly statuses: number[] = new Array<number>(CLASSES).fill(0);
  /** Of one host: the requests of status 400 to 499, by clients but for assets, of which pages lack many at once. */
  refused: Asked | undefined;

  constructor(
    readonly sketch = new DDSketch(),
    readonly clients = new DistinctCount(),
  ) {}

  add({ bytes, client_ip, request_time: seconds, status }: Request): this {
    this.count++;
    const index = Math.floor(status / 100) - 1;
    const before = this.statuses[index];
    if (before !== undefined) this.statuses[index] = before + 1;
    if (bytes !== null && bytes !== undefined) {
      this.bytes = sumOf(this.bytes, bytes);
      this.sized++;
    }
    if (isAmount(seconds)) this.sketch.add(seconds * MS_PER_SECOND);
    if (client_ip !== UNKNOWN_CLIENT) this.clients.add(client_ip);
    return this;
  }

  addAll(other: TrafficCounts): this {
    this.count += other.count;
    if (other.refused !== undefined) this.refused = (this.refused ?? new Asked()).addAll(other.refused);
    this.bytes = sumOf(this.bytes, other.bytes);
    this.sized += other.sized;
    for (const [index, count] of other.statuses.entries()) {
      this.statuses[index] = (this.statuses[index] ?? 0) + count;
    }
    this.sketch.addAll(other.sketch);
    this.clients.addAll(other.clients);
    return this;
  }

  addRefused(request: Request): void {
    const { client_ip: client, path } = request;
    const isOfClient = client !== UNKNOWN_CLIENT && !isAssetPath(path);
    this.refused = (this.refused ?? new Asked()).add(request, isOfClient ? client : undefined);
  }
}

const OF_REQUESTS: KeepingAggregator<string, Request, TrafficCounts> = {
  ...growing<Request, TrafficCounts>(() => new TrafficCounts()),
  add(host, request, counts) {
    // Bursts of client errors are of a host, not of all together.
    if (host !== ALL_HOSTS && request.status >= 400 && request.status <= 499) counts.addRefused(request);
    return counts.add(request);
  },
};

const trafficSerde: Serde<TrafficCounts> = {
  serialize(topic, { bytes, clients, count, refused, sized, sketch, statuses }) {
    const serialized = Buffer.allocUnsafe(COUNTS_BYTES + sketch.byteLength + clients.byteLength);
    let at = 0;
    for (const number of [count, bytes, sized, ...statuses]) at = serialized.writeDoubleBE(number, at);
    clients.write(serialized, sketch.write(serialized, at));
    return refused === undefined ? serialized : Buffer.concat([serialized, askedSerde.serialize(topic, refused)]);
  },
  deserialize(topic, serialized, start, end) {
    const at = start + COUNTS_BYTES;
    const sketch = DDSketch.read(serialized, at);
    const clients = DistinctCount.read(serialized, at + sketch.byteLength);
    const counts = new TrafficCounts(sketch, clients);
    // What older versions have written ends here.
    const refusedAt = at + sketch.byteLength + clients.byteLength;
    if (end > refusedAt) counts.refused = askedSerde.deserialize(topic, serialized, refusedAt, end);
    counts.count = serialized.readDoubleBE(start);
    counts.bytes = serialized.readDoubleBE(start + 8);
    counts.sized = serialized.readDoubleBE(start + 16);
    for (const index of counts.statuses.keys()) {
      counts.statuses[index] = serialized.readDoubleBE(start + 24 + 8 * index);
    }
    return counts;
  },
};
