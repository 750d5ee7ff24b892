import type { Log } from '@millrace/streams';
import type { Span } from '../../live/record-ring.js';
import type { Held, Stored } from '../stored-lines.js';
import type { IndexRequests } from './index-requests.js';
import type { TopicIndex } from './topic-index.js';

/** Offsets that are asked for at once: some are of no record, but of the end of a transaction. */
const BLOCK = 16;
/** Records of a partition that a sink may write in another order: five batches of 2,000 are under way at a time. */
const IN_FLIGHT = 10_000;

/** Where memory has a partition; if it has nothing of it, `first` is the end of the partition, and `last` the one before. */
interface Memory {
  readonly first: number;
  readonly last: number;
}

export interface SinkPosition {
  /** By partition, an offset before which all records are in the index, and at most where memory begins. */
  readonly stored: Stored;
  /** What lies between that and memory: some of it may be in the index. */
  readonly onTheWay: readonly Span[];
}

/** Between which offsets the position of a partition is: what is at `stored` - 1 is in the index, nothing from `absent` on. */
interface Sought {
  readonly partition: number;
  stored: number;
  absent: number;
  /** Each time so much further back, until something is found. */
  step: number;
  isFound: boolean;
}

/**
 * How far a topic is in its index, as a search sees it: by partition, an offset before which all records are there, and at
 * most where memory begins.
 *
 * A sink writes a partition in the order of its offsets, but for what is under way at once; so where a record is in the
 * index, those well before it are, too. The index is asked for records that are some way into memory, which are there unless
 * the sink is far behind. Otherwise the last that is there is looked for.
 *
 * @throws StoredLinesAway
 */
export async function sinkPosition(
  requests: IndexRequests,
  index: TopicIndex,
  log: Pick<Log, 'endOffset' | 'partitions'>,
  held: Held,
  signal: AbortSignal,
): Promise<SinkPosition> {
  const latestOf = (blocks: readonly Span[]) => latestInIndex(requests, index, blocks, signal);
  const memory = await memoryOf(log, held);
  const ahead = await latestOf(memory.map((span, partition) => ({ partition, ...wayInto(span) })));
  const positions = new Map(memory.map(({ first }, partition) => [partition, first]));
  const behind = memory.flatMap(({ first }, partition): Sought[] =>
    ahead.has(partition) || first === 0 ? [] : [{ partition, stored: 0, absent: first, step: BLOCK, isFound: false }],
  );
  for (let open = behind; open.length > 0; open = open.filter(({ absent, stored }) => stored < absent)) {
    const asked = open.map((sought) => ({ sought, block: blockTo(sought.partition, probeOf(sought), sought.stored) }));
    const latest = await latestOf(asked.map(({ block }) => block));
    for (const { block, sought } of asked) {
      const found = latest.get(sought.partition);
      if (found === undefined) {
        sought.absent = block.first;
        sought.step *= 2;
      } else {
        sought.stored = found + 1;
        sought.isFound = true;
      }
    }
  }
  for (const { partition, stored } of behind) positions.set(partition, Math.max(0, stored - IN_FLIGHT));
  const onTheWay = memory.flatMap(({ first }, partition) => {
    const position = positions.get(partition) ?? first;
    return position < first ? [{ partition, first: position, last: first - 1 }] : [];
  });
  return { stored: positions, onTheWay };
}

/** By partition. */
async function memoryOf(log: Pick<Log, 'endOffset' | 'partitions'>, { spans, topic }: Held): Promise<Memory[]> {
  const memory: Memory[] = [];
  const partitions = (await log.partitions(topic)) ?? 0;
  for (let partition = 0; partition < partitions; partition++) {
    const own = spans.filter((span) => span.partition === partition).sort((one, other) => other.first - one.first);
    const end = own[0] === undefined ? await log.endOffset({ topic, partition }) : undefined;
    memory.push(own[0] ?? { first: end ?? 0, last: (end ?? 0) - 1 });
  }
  return memory;
}

/** So far behind where memory begins that what comes before it is there, too. */
function wayInto({ first, last }: Memory): Memory {
  // The end of the partition: there is nothing behind it.
  if (last < first) return { first: Math.max(0, first - BLOCK), last };
  const middle = Math.min(first + IN_FLIGHT, Math.ceil((first + last) / 2));
  return { first: middle, last: Math.min(last, middle + BLOCK - 1) };
}

function blockTo(partition: number, last: number, least: number): Span {
  return { partition, first: Math.max(least, last - BLOCK + 1), last };
}

/** The last offset of the next block. */
function probeOf({ absent, isFound, step, stored }: Sought): number {
  if (isFound) return Math.floor((stored + absent) / 2);
  return Math.max(stored, absent - (step === BLOCK ? 1 : step));
}

/** By partition, the last offset of its block that is in the index. */
async function latestInIndex(
  requests: IndexRequests,
  index: TopicIndex,
  blocks: readonly Span[],
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const values = blocks.flatMap((block) => [...index.idsOf(block)]);
  const latest = new Map<number, number>();
  if (values.length === 0) return latest;
  const body = { size: values.length, query: { ids: { values } }, _source: false };
  for (const { _id: id } of (await requests.search(index.name, body, signal)).hits.hits) {
    const place = index.placeOf(id);
    if (place !== undefined && place.offset > (latest.get(place.partition) ?? -1)) {
      latest.set(place.partition, place.offset);
    }
  }
  return latest;
}
