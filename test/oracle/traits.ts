import { PUNCTUATING_PROCESSORS, STATELESS_PROCESSORS } from './processors.js';
import {
  type AggregateNode,
  areSessions,
  areSliding,
  type JoinNode,
  type OracleCase,
  type SpecNode,
  type WindowsSpec,
} from './topology-spec.js';

/** What is known of a stream or table without running it: what the two engines must agree upon depends on it. */
export interface Traits {
  readonly kind: 'stream' | 'table' | 'branches';
  /** The topics whose records reach it. */
  readonly topics: readonly string[];
  /** One of the sources that it is made of; merged sources are read by one task, and share a stream time. */
  readonly source: number;
  /** How many repartitions are before it. */
  readonly depth: number;
  readonly keyChanged: boolean;
  /** A commit may bring several records. */
  readonly multiple: boolean;
  /** Those of one commit come in an order that both engines keep. */
  readonly ordered: boolean;
  /** Its records come while the source's record is processed, by calls only. */
  readonly immediate: boolean;
  /** Not every record of the source leaves something here that is as new. */
  readonly incomplete: boolean;
  /** An aggregate has held its records back to the commit. */
  readonly held: boolean;
  /** Its windows are sent when they close. */
  readonly closing: boolean;
  /** A table of which a commit may change a row several times. */
  readonly repeated: boolean;
  /** A table of sessions that are sent as they change: null is one that is no more. */
  readonly sessions: boolean;
  /** Its records have the headers of one of the source's: no closed window, and no session, is among them. */
  readonly headed: boolean;
  /** Its records may be of a later time than any of the source. */
  readonly ahead: boolean;
  /** Every record of the source that has a key comes here. */
  readonly whole: boolean;
  /** Of a table whose rows are of windows. */
  readonly windows: WindowsSpec | null;
}

export function isJoin(node: SpecNode): node is JoinNode {
  return node.op === 'joinStreams' || node.op === 'joinTable' || node.op === 'joinTables';
}

export function isAggregate(node: SpecNode): node is AggregateNode {
  return node.op === 'count' || node.op === 'reduce' || node.op === 'aggregate';
}

/** Whether two results may differ when records of one commit come in another order. */
export function dependsOnOrder(node: SpecNode): boolean {
  if (node.op === 'process') return !STATELESS_PROCESSORS.includes(node.processor);
  if (node.op === 'reduce') return node.function !== 'greatest';
  if (node.op === 'groupTable') return node.function === 'changes';
  if (node.op === 'aggregate') return node.function === 'arrivals' || node.function === 'untilEven';
  return false;
}

/** The traits of what a node makes, from those of the nodes before it. */
export function traitsOf(node: SpecNode, id: number, before: readonly Traits[], commitEvery: number): Traits {
  if (node.op === 'stream' || node.op === 'table') {
    return {
      kind: node.op,
      topics: node.op === 'stream' ? node.topics : [node.topic],
      source: id,
      depth: 0,
      keyChanged: false,
      multiple: commitEvery > 1,
      ordered: true,
      immediate: true,
      incomplete: node.op === 'table',
      held: false,
      closing: false,
      repeated: false,
      sessions: false,
      headed: true,
      ahead: false,
      whole: true,
      windows: null,
    };
  }
  const parent = before[node.of] as Traits;
  switch (node.op) {
    case 'filter':
    case 'filterNot':
    case 'branch':
      return { ...parent, kind: 'stream', incomplete: true, whole: false };
    case 'split':
      return { ...parent, kind: 'branches' };
    case 'map':
    case 'selectKey':
      return { ...parent, keyChanged: true, incomplete: true, whole: false };
    case 'flatMap':
      return { ...parent, keyChanged: true, multiple: true, incomplete: true, whole: false };
    case 'flatMapValues':
      return { ...parent, multiple: true, incomplete: true, whole: false };
    case 'merge': {
      const other = before[node.with] as Traits;
      const together = parent.topics.some((topic) => other.topics.includes(topic));
      return {
        ...parent,
        topics: [...new Set([...parent.topics, ...other.topics])],
        keyChanged: parent.keyChanged || other.keyChanged,
        multiple: parent.multiple || other.multiple || together,
        ordered: parent.ordered && other.ordered && (!together || (parent.immediate && other.immediate)),
        immediate: parent.immediate && other.immediate,
        // What one of them lacks the other may have: only where both have all is nothing missing.
        incomplete: parent.incomplete || other.incomplete,
        held: parent.held || other.held,
        headed: parent.headed && other.headed,
        ahead: parent.ahead || other.ahead,
        whole: parent.whole && other.whole,
      };
    }
    case 'repartition':
      return {
        ...parent,
        depth: parent.depth + 1,
        keyChanged: false,
        immediate: false,
        incomplete: true,
        whole: false,
      };
    case 'process': {
      const punctuates = PUNCTUATING_PROCESSORS.includes(node.processor);
      return {
        ...parent,
        keyChanged: true,
        multiple: parent.multiple || punctuates,
        immediate: parent.immediate && !punctuates,
        incomplete: true,
        whole: false,
        ahead: parent.ahead || node.processor === 'everyWallClockTime',
      };
    }
    case 'count':
    case 'reduce':
    case 'aggregate': {
      const { groupBy, windows } = node;
      const closing = windows?.emit === 'onWindowClose';
      return {
        ...parent,
        kind: 'table',
        depth: parent.depth + (groupBy !== null || parent.keyChanged ? 1 : 0),
        keyChanged: false,
        multiple: parent.multiple || windows !== null,
        ordered: closing || !parent.multiple,
        immediate: false,
        incomplete: true,
        held: true,
        closing,
        headed: parent.headed && !closing && !areSessions(windows),
        sessions: areSessions(windows) && !closing,
        // One record deletes the sessions that it joins, and sends the one that they become.
        // And a new sliding window was, in Kafka Streams, what the one was that it is made of.
        repeated: ((parent.multiple || areSessions(windows)) && !closing) || areSliding(windows),
        whole: false,
        windows,
      };
    }
    case 'joinStreams':
    case 'joinTable':
    case 'joinTables': {
      const other = before[node.with] as Traits;
      const waits = node.op === 'joinStreams' && node.kind !== 'inner';
      return {
        ...parent,
        topics: [...new Set([...parent.topics, ...other.topics])],
        depth: node.op === 'joinTables' ? parent.depth : parent.depth + (parent.keyChanged || other.keyChanged ? 1 : 0),
        keyChanged: false,
        multiple: parent.multiple || node.op === 'joinStreams',
        // What has waited in vain is sent by the commit, or before the record that it could not wait for.
        ordered: parent.ordered && other.ordered && !waits,
        immediate: parent.immediate && other.immediate && !parent.keyChanged && !other.keyChanged && !waits,
        incomplete: true,
        headed: parent.headed && other.headed && !waits,
        ahead: parent.ahead || node.op !== 'joinTable' || parent.keyChanged,
        whole: false,
        windows: null,
      };
    }
    case 'joinGlobal':
      return { ...parent, incomplete: true, whole: false };
    case 'joinForeignKey': {
      const other = before[node.with] as Traits;
      return {
        ...parent,
        topics: [...new Set([...parent.topics, ...other.topics])],
        // Nothing else comes by such ways, so that nothing is merged with it.
        depth: parent.depth + 10,
        // Each row that refers to the one that changes.
        multiple: true,
        immediate: false,
        incomplete: true,
        headed: parent.headed && other.headed,
        ahead: true,
        whole: false,
      };
    }
    case 'toTable':
      return {
        ...parent,
        kind: 'table',
        depth: parent.depth + (parent.keyChanged ? 1 : 0),
        keyChanged: false,
        immediate: parent.immediate && !parent.keyChanged,
        incomplete: true,
        windows: null,
      };
    case 'suppress':
      return {
        ...parent,
        multiple: true,
        // Final results come in the order of their windows and keys.
        ordered: parent.ordered || node.until === 'final',
        immediate: false,
        incomplete: true,
        whole: false,
        closing: true,
        // What a row was before is not the same in both.
        repeated: true,
        sessions: false,
      };
    case 'groupTable':
      return {
        ...parent,
        depth: parent.depth + 1,
        multiple: true,
        ordered: !parent.multiple,
        immediate: false,
        incomplete: true,
        held: true,
        repeated: true,
        whole: false,
        windows: null,
      };
    case 'tableFilter':
    case 'tableFilterNot':
      return { ...parent, whole: false };
    case 'tableMapValues':
      return parent;
    case 'toStream':
      return { ...parent, kind: 'stream' };
    case 'peek':
    case 'mapValues':
    case 'to':
      return parent;
  }
}

export function allTraits({ commitEvery, nodes }: OracleCase): Traits[] {
  const traits: Traits[] = [];
  nodes.forEach((node, id) => {
    traits.push(traitsOf(node, id, traits, commitEvery));
  });
  return traits;
}

/** Which sources are read by one task, as each source's representative. */
export function sourceGroups(nodes: readonly SpecNode[], traits: readonly Traits[]): (source: number) => number {
  const parents = new Map<number, number>();
  const find = (source: number): number => {
    const parent = parents.get(source);
    return parent === undefined ? source : find(parent);
  };
  for (const node of nodes) {
    if (node.op !== 'merge' && !isJoin(node)) continue;
    // What is repartitioned first was read by another task.
    if (isJoin(node) && [node.of, node.with].some((side) => traits[side]?.keyChanged)) continue;
    const left = find((traits[node.of] as Traits).source);
    const right = find((traits[node.with] as Traits).source);
    if (left !== right) parents.set(right, left);
  }
  return find;
}
