import type { Log } from '@millrace/streams';
import type { Held, Stored } from '../stored-lines.js';
import type { IndexRequests } from './index-requests.js';
import type { TopicIndex } from './topic-index.js';

/** Offsets that are asked for at once: some are of no record, but of the end of a transaction. */
const BLOCK = 16;

/** Between which offsets the position of a partition is: before `stored` all is in the index, from `absent` on nothing. */
interface Sought {
  readonly partition: number;
  stored: number;
  absent: number;
  /** Each time so much further back, until something is found. */
  step: number;
  isFound: boolean;
}

/**
 * How far a topic is in its index, as a search sees it: by partition, the offset after the last record that is there, of
 * those before memory.
 *
 * A sink writes a partition in the order of its offsets; so where a record is in the index, those before it are, too. The
 * index is asked for the offsets just before those in memory, which are there unless the sink is far behind; then for ones
 * before them.
 *
 * @throws StoredLinesAway
 */
export async function sinkPosition(
  requests: IndexRequests,
  index: TopicIndex,
  log: Pick<Log, 'endOffset' | 'partitions'>,
  held: Held,
  signal: AbortSignal,
): Promise<Stored> {
  const partitions = (await endsOf(log, held)).map(
    (end, partition): Sought => ({ partition, stored: 0, absent: end, step: BLOCK, isFound: false }),
  );
  let open = partitions.filter(({ absent }) => absent > 0);
  while (open.length > 0) {
    const asked = open.map((sought) => ({ sought, last: probeOf(sought) }));
    const latest = await latestOf(requests, index, asked, signal);
    for (const { last, sought } of asked) {
      const found = latest.get(sought.partition);
      if (found === undefined) {
        sought.absent = Math.max(sought.stored, last - BLOCK + 1);
        sought.step *= 2;
      } else {
        sought.stored = found + 1;
        sought.isFound = true;
      }
    }
    open = open.filter(({ absent, stored }) => stored < absent);
  }
  return new Map(partitions.map(({ partition, stored }) => [partition, stored]));
}

/** By partition, where memory begins; where it has nothing of one, its end. */
async function endsOf(log: Pick<Log, 'endOffset' | 'partitions'>, { spans, topic }: Held): Promise<number[]> {
  const ends: number[] = [];
  const partitions = (await log.partitions(topic)) ?? 0;
  for (let partition = 0; partition < partitions; partition++) {
    const own = spans.filter((span) => span.partition === partition);
    const latest = own.reduce((most, { first }) => Math.max(most, first), -1);
    ends.push(latest >= 0 ? latest : await log.endOffset({ topic, partition }));
  }
  return ends;
}

/** The last offset of the next block. */
function probeOf({ absent, isFound, step, stored }: Sought): number {
  if (isFound) return Math.floor((stored + absent) / 2);
  return Math.max(stored, absent - (step === BLOCK ? 1 : step));
}

/** By partition, the last offset of the blocks that is in the index. */
async function latestOf(
  requests: IndexRequests,
  index: TopicIndex,
  asked: readonly { readonly sought: Sought; readonly last: number }[],
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const values = asked.flatMap(({ last, sought: { partition, stored } }) => [
    ...index.idsOf({ partition, first: Math.max(stored, last - BLOCK + 1), last }),
  ]);
  const body = { size: values.length, query: { ids: { values } }, _source: false };
  const { hits } = await requests.search(index.name, body, signal);
  const latest = new Map<number, number>();
  for (const { _id: id } of hits.hits) {
    const place = index.placeOf(id);
    if (place !== undefined && place.offset > (latest.get(place.partition) ?? -1)) {
      latest.set(place.partition, place.offset);
    }
  }
  return latest;
}
