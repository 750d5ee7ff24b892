/**
 * Counts each user's page views per minute of event time, even if the views arrive out of order. It needs no disk:
 *
 *   npm run build
 *   node dist/examples/page-views.js
 */
import {
  jsonSerde,
  type Log,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  type Topology,
} from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';

export interface PageView {
  readonly user: string;
  readonly page: string;
  /** When the page was seen, in ISO 8601; the time when it was written to the log does not matter. */
  readonly at: string;
}

export interface UserMinute {
  readonly user: string;
  /** Milliseconds since the epoch. */
  readonly minute: number;
  readonly views: number;
  /** In the order of their names. */
  readonly pages: readonly string[];
}

export const pageViewSerde = jsonSerde<PageView>();
export const userMinuteSerde = jsonSerde<UserMinute>();

interface Seen {
  readonly views: number;
  readonly pages: readonly string[];
}

/** A minute stays open for 10 s of event time after its end, then its result is sent, once. */
export function pageViews(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('page-views', { value: pageViewSerde, timestamp: (view) => Date.parse(view.at), nulls: 'skip' })
    .groupBy((_key, view) => view.user, { key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace('1m', '10s'))
    .emitStrategy('onWindowClose')
    .aggregate(
      {
        initializer: (): Seen => ({ views: 0, pages: [] }),
        add: (_user, view, seen) => union(seen, { views: 1, pages: [view.page] }),
        // With `merge`, a task combines views of its own before they are sent to the task of their user.
        merge: union,
      },
      { name: 'user-minutes', value: jsonSerde<Seen>() },
    )
    .toStream()
    .map(({ key, window }, seen) => [`${key}@${window.start}`, { user: key, minute: window.start, ...seen }])
    .to('user-minutes', { key: stringSerde, value: userMinuteSerde });
  return builder.build();
}

function union(left: Seen, right: Seen): Seen {
  return { views: left.views + right.views, pages: [...new Set([...left.pages, ...right.pages])].sort() };
}

const VIEWS: readonly PageView[] = [
  { user: 'ada', page: '/', at: '2026-03-01T12:00:05Z' },
  { user: 'ben', page: '/', at: '2026-03-01T12:00:20Z' },
  { user: 'ada', page: '/prices', at: '2026-03-01T12:01:04Z' },
  // 16 s behind the one before it, and still in time: its minute is open until 12:01:10.
  { user: 'ada', page: '/help', at: '2026-03-01T12:00:48Z' },
  { user: 'ben', page: '/prices', at: '2026-03-01T12:01:30Z' },
  // Too late: at 12:01:30 the minute of 12:00 is closed.
  { user: 'ben', page: '/help', at: '2026-03-01T12:00:59Z' },
  // No time: it goes to the dead letters.
  { user: 'eve', page: '/', at: 'yesterday' },
];

async function main(): Promise<void> {
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['page-views', 'user-minutes', 'late', 'broken']) await log.ensureTopic(topic, { partitions: 1 });
  const transaction = log.transaction();
  for (const view of VIEWS) {
    transaction.append('page-views', 0, Date.now(), null, pageViewSerde.serialize('page-views', view));
  }
  await transaction.commit();

  const app = new Streams(pageViews(), {
    applicationId: 'page-views',
    log,
    lateTopic: 'late',
    deadLetterTopic: 'broken',
  });
  await app.start();
  await app.drain();
  await app.close();

  for (const topic of ['user-minutes', 'late', 'broken']) {
    console.log(topic);
    for (const value of await readValues(log, topic)) console.log(`  ${value}`);
  }
  await log.close();
}

/** The values of a topic, as text. */
async function readValues(log: Log, topic: string): Promise<string[]> {
  const values: string[] = [];
  const consumer = log.consumer();
  consumer.assign({ topic, partition: 0 }, 0);
  for (;;) {
    const [batch] = await consumer.poll(0);
    if (batch === undefined) break;
    while (batch.next()) values.push(batch.valueBytes.toString('utf8', batch.valueStart, batch.valueEnd));
  }
  await consumer.close();
  return values;
}

if (process.argv[1] === import.meta.filename) await main();
