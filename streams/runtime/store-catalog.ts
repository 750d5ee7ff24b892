import { createHash } from 'node:crypto';
import type { Log } from '../log/log.js';
import { StateError } from '../state/state-database.js';
import type { GraphNode, StoreContents, StoreDefinition, Topology } from '../topology/topology.js';
import type { TopologyTopics } from './topology-topics.js';

const POLL_MS = 100;
const GENERATED_NUMBER = /-\d{10}(?=-|$)/g;

/** What a store holds, as it was when it was filled, or as the topology wants it. */
interface CatalogEntry extends StoreContents {
  /** Of a store whose name is a number: what its records come from, and where its results go. */
  readonly place?: { readonly from: string; readonly to: string };
}

export interface StoreCatalogOptions {
  readonly applicationId: string;
  readonly log: Log;
  readonly topology: Topology;
  readonly topics: TopologyTopics;
}

/**
 * Remembers, in a compacted topic of the application, what its stores hold, and refuses a topology that would read them as
 * something else. A generated name is a number that moves when an operator is added before it: where it now belongs to
 * another aggregate, that is refused, too.
 *
 * @throws StateError STATE_MISMATCH, which names the store, what it holds and what was asked; LogError
 */
export async function checkStores(options: StoreCatalogOptions): Promise<void> {
  const { applicationId, log, topology } = options;
  const wanted = entriesOf(topology);
  if (wanted.size === 0) return;
  const topic = `${applicationId}-stores`;
  await log.ensureTopic(topic, { partitions: 1, cleanupPolicy: 'compact' });
  const known = await read(log, topic);
  const isEmpty = (store: string) => holdsNothing(store, options);
  for (const [name, entry] of wanted) {
    const before = known.get(name);
    const reason =
      before === undefined
        ? await movedFrom(name, entry, known, wanted, isEmpty)
        : difference(name, before, entry, known, wanted);
    if (reason !== undefined && (before === undefined || !(await isEmpty(name)))) {
      throw new StateError('STATE_MISMATCH', reason);
    }
  }
  const changed = [...wanted].filter(([name, entry]) => JSON.stringify(known.get(name)) !== JSON.stringify(entry));
  if (changed.length === 0) return;
  const transaction = log.transaction();
  for (const [name, entry] of changed) {
    transaction.append(topic, 0, Date.now(), Buffer.from(name), Buffer.from(JSON.stringify(entry)));
  }
  await transaction.commit();
}

/** Why the store cannot be what the topology wants; undefined when it can. */
function difference(
  name: string,
  before: CatalogEntry,
  entry: CatalogEntry,
  known: ReadonlyMap<string, CatalogEntry>,
  wanted: ReadonlyMap<string, CatalogEntry>,
): string | undefined {
  if (!isSameContents(before, entry)) {
    return (
      `the store "${name}" holds ${describe(before)}, and the topology wants ${describe(entry)}; ` +
      (entry.place === undefined
        ? 'give the new one another name, run it as it was, or with another application id or data directory'
        : adviceFor(name))
    );
  }
  if (before.place === undefined || entry.place === undefined) return undefined;
  const hasTwins = [known, wanted].some((entries) => twinsOf(entry, entries) > 1);
  if (before.place.from === entry.place.from && (!hasTwins || before.place.to === entry.place.to)) return undefined;
  return (
    `the store "${name}" holds what another aggregate has filled: its name is a number, which moves when the topology ` +
    `changes before it; ${adviceFor(name)}`
  );
}

/** Why a store that is new may be one that has lost its number; undefined when nothing speaks for it. */
async function movedFrom(
  name: string,
  entry: CatalogEntry,
  known: ReadonlyMap<string, CatalogEntry>,
  wanted: ReadonlyMap<string, CatalogEntry>,
  isEmpty: (store: string) => Promise<boolean>,
): Promise<string | undefined> {
  if (entry.place === undefined) return undefined;
  for (const [old, before] of known) {
    if (wanted.has(old) || before.place === undefined || !isSameContents(before, entry)) continue;
    if (await isEmpty(old)) continue;
    return (
      `the store "${name}" would begin empty, and "${old}", which is no longer in the topology, holds the same: its name ` +
      `is a number, which moves when the topology changes before it; ${adviceFor(old)}`
    );
  }
  return undefined;
}

function adviceFor(name: string): string {
  return `name the aggregate that it belongs to, { name: '${name}' }, and it goes on, and give names of their own to the others`;
}

function isSameContents(one: StoreContents, other: StoreContents): boolean {
  // A serde that does not say what its bytes are may have been any other.
  const isSame = (a: string | undefined, b: string | undefined) => a === undefined || b === undefined || a === b;
  return (
    one.kind === other.kind &&
    one.windows === other.windows &&
    isSame(one.keys, other.keys) &&
    isSame(one.values, other.values)
  );
}

function describe({ keys, kind, values, windows }: StoreContents): string {
  const formats = `keys: ${keys ?? 'of a serde of your own'}, values: ${values ?? 'of a serde of your own'}`;
  if (kind === 'windows' || kind === 'sessions') return `${kind} of ${windows} (${formats})`;
  if (kind === 'versions') return `versions of a table's rows (${formats})`;
  if (windows !== undefined) return `${windows} of a processor (${formats})`;
  if (kind === 'joined') return `records of one side of a join (${formats})`;
  if (kind === 'suppressed') return `rows that a suppress holds back (${formats})`;
  if (kind === 'subscriptions') return `who refers to the rows of a table (${formats})`;
  return kind === 'table' ? `rows of a table or an aggregate (${formats})` : `entries of a processor (${formats})`;
}

/** How many unnamed stores cannot be distinguished from this one by their inputs and outputs. */
function twinsOf(entry: CatalogEntry, entries: ReadonlyMap<string, CatalogEntry>): number {
  return [...entries.values()].filter(
    (other) => other.place?.from === entry.place?.from && isSameContents(other, entry),
  ).length;
}

function entriesOf(topology: Topology): Map<string, CatalogEntry> {
  const entries = new Map<string, CatalogEntry>();
  const parents = new Map<GraphNode, GraphNode[]>();
  const owners = new Map<StoreDefinition, GraphNode>();
  for (const { nodes } of topology.subTopologies) {
    for (const node of nodes) {
      for (const child of node.children) parents.set(child, [...(parents.get(child) ?? []), node]);
      if (node.kind !== 'processor') continue;
      // What fills a table comes before what looks it up.
      for (const store of node.stores) if (!owners.has(store)) owners.set(store, node);
    }
  }
  const from = new Paths((node) => parents.get(node) ?? []);
  const to = new Paths((node) => node.children);
  for (const [store, owner] of owners) {
    const place = store.isNameGenerated ? { place: { from: from.of(owner), to: to.of(owner) } } : {};
    entries.set(store.name, { ...store.contents, ...place });
  }
  return entries;
}

/** Names what is on all ways from a node in one direction, without the numbers in generated names. */
class Paths {
  readonly #known = new Map<GraphNode, string>();
  readonly #next: (node: GraphNode) => readonly GraphNode[];

  constructor(next: (node: GraphNode) => readonly GraphNode[]) {
    this.#next = next;
  }

  of(node: GraphNode): string {
    return this.#hash(this.#next(node).map((next) => this.#path(next)));
  }

  #path(node: GraphNode): string {
    let path = this.#known.get(node);
    if (path === undefined) {
      const topics = node.kind === 'source' ? node.topics : 'topic' in node ? [node.topic] : [];
      const names = [node.kind, node.name, ...topics].map((name) => name.replace(GENERATED_NUMBER, ''));
      path = this.#hash([...names, ...this.#next(node).map((next) => this.#path(next))]);
      this.#known.set(node, path);
    }
    return path;
  }

  #hash(parts: readonly string[]): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  }
}

async function holdsNothing(store: string, { log, topics }: StoreCatalogOptions): Promise<boolean> {
  const topic = topics.changelog(store);
  const partitions = (await log.partitions(topic)) ?? 0;
  for (let partition = 0; partition < partitions; partition++) {
    const topicPartition = { topic, partition };
    if ((await log.endOffset(topicPartition)) > (await log.startOffset(topicPartition))) return false;
  }
  return true;
}

async function read(log: Log, topic: string): Promise<Map<string, CatalogEntry>> {
  const entries = new Map<string, CatalogEntry>();
  const topicPartition = { topic, partition: 0 };
  const end = await log.endOffset(topicPartition, { settled: true });
  let at = await log.startOffset(topicPartition);
  const consumer = log.consumer();
  try {
    consumer.assign(topicPartition, at);
    while (at < end) {
      for (const cursor of await consumer.poll(POLL_MS)) {
        while (cursor.next()) {
          const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
          const entry = JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) as CatalogEntry;
          entries.set(keyBytes.toString('utf8', keyStart, keyEnd), entry);
        }
        at = cursor.nextOffset;
      }
    }
  } finally {
    await consumer.close();
  }
  return entries;
}
