import type { EmitStrategy } from '@millrace/streams';
import type {
  AggregatorName,
  ExtractorName,
  FlatMapperName,
  FlatValueMapperName,
  MapperName,
  PredicateName,
  ReducerName,
  SelectorName,
  TableAggregatorName,
  ValueMapperName,
} from './functions.js';
import type { ProcessorName } from './processors.js';

export interface TimeWindowsSpec {
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
  readonly emit: EmitStrategy;
}

export interface SessionsSpec {
  readonly gapMs: number;
  readonly graceMs: number;
  readonly emit: EmitStrategy;
}

export interface SlidingSpec {
  readonly differenceMs: number;
  readonly graceMs: number;
  readonly emit: EmitStrategy;
}

export type WindowsSpec = TimeWindowsSpec | SessionsSpec | SlidingSpec;

export function areSessions(windows: WindowsSpec | null): windows is SessionsSpec {
  return windows !== null && 'gapMs' in windows;
}

export function areSliding(windows: WindowsSpec | null): windows is SlidingSpec {
  return windows !== null && 'differenceMs' in windows;
}

interface Grouping {
  readonly of: number;
  /** Null: `groupByKey`. */
  readonly groupBy: SelectorName | null;
  /** Null: no windows. */
  readonly windows: WindowsSpec | null;
}

export type AggregateNode = Grouping &
  (
    | { readonly op: 'count' }
    | { readonly op: 'reduce'; readonly function: ReducerName }
    | { readonly op: 'aggregate'; readonly function: AggregatorName }
  );

export interface JoinWindowsSpec {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
}

export type JoinNode = { readonly of: number; readonly with: number } & (
  | {
      readonly op: 'joinStreams';
      readonly kind: JoinKind;
      readonly windows: JoinWindowsSpec;
    }
  | { readonly op: 'joinTable'; readonly kind: 'inner' | 'left' }
  | { readonly op: 'joinTables'; readonly kind: JoinKind }
);

export type JoinKind = 'inner' | 'left' | 'outer';

export type SuppressNode = { readonly op: 'suppress'; readonly of: number } & (
  | { readonly until: 'final' }
  | { readonly until: 'limit'; readonly limitMs: number; readonly maxRecords: number | null }
);

/** An operator of the DSL. `of` and `with` are the places of the nodes before it that it is applied to. */
export type SpecNode =
  | { readonly op: 'stream'; readonly topics: readonly string[]; readonly extractor: ExtractorName }
  | {
      readonly op: 'table';
      readonly topic: string;
      readonly extractor: ExtractorName;
      /** Kafka Streams keeps a table only when it is asked to; Millrace always does. */
      readonly materialized: boolean;
    }
  | {
      readonly op: 'joinForeignKey';
      readonly of: number;
      readonly with: number;
      readonly kind: 'inner' | 'left';
      readonly foreignKey: SelectorName;
    }
  | {
      readonly op: 'joinGlobal';
      readonly of: number;
      readonly topic: string;
      readonly kind: 'inner' | 'left';
      readonly selector: SelectorName;
    }
  | { readonly op: 'filter' | 'filterNot'; readonly of: number; readonly predicate: PredicateName }
  | { readonly op: 'map'; readonly of: number; readonly mapper: MapperName }
  | { readonly op: 'mapValues'; readonly of: number; readonly mapper: ValueMapperName }
  | { readonly op: 'flatMap'; readonly of: number; readonly mapper: FlatMapperName }
  | { readonly op: 'flatMapValues'; readonly of: number; readonly mapper: FlatValueMapperName }
  | { readonly op: 'peek'; readonly of: number }
  | { readonly op: 'selectKey'; readonly of: number; readonly selector: SelectorName }
  | {
      readonly op: 'split';
      readonly of: number;
      readonly predicates: readonly PredicateName[];
      /** With a branch more, which takes what no other took. */
      readonly default: boolean;
    }
  | { readonly op: 'branch'; readonly of: number; readonly index: number }
  | { readonly op: 'merge'; readonly of: number; readonly with: number }
  | { readonly op: 'repartition'; readonly of: number }
  | { readonly op: 'process'; readonly of: number; readonly processor: ProcessorName }
  | AggregateNode
  | JoinNode
  | { readonly op: 'toTable'; readonly of: number }
  | SuppressNode
  | {
      readonly op: 'groupTable';
      readonly of: number;
      readonly groupBy: SelectorName;
      readonly function: TableAggregatorName;
    }
  | { readonly op: 'tableFilter' | 'tableFilterNot'; readonly of: number; readonly predicate: PredicateName }
  | { readonly op: 'tableMapValues'; readonly of: number; readonly mapper: ValueMapperName }
  | { readonly op: 'toStream'; readonly of: number }
  | { readonly op: 'to'; readonly of: number; readonly topic: string };

export interface InputRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
  /** Of the header `h`; null: without it. */
  readonly header: string | null;
}

/** What is done to a topology: a record is piped in, or the wall clock moves. */
export type Step = InputRecord | { readonly advanceMs: number };

export interface OracleCase {
  readonly nodes: readonly SpecNode[];
  readonly steps: readonly Step[];
  /** How many records of one topic, if they follow each other, are committed together. */
  readonly commitEvery: number;
  /** How Millrace repartitions; Kafka Streams always does by way of topics. */
  readonly repartition: 'auto' | 'topic';
}

/** A record that came out. What a peek saw has no timestamp and no header. */
export interface OutputRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp?: number;
  readonly header?: string | null;
}

/** The steps, by commit. */
export function commitsOf({ commitEvery, steps }: OracleCase): readonly (readonly Step[])[] {
  const commits: Step[][] = [];
  for (const step of steps) {
    const last = commits.at(-1);
    const before = last?.[0];
    const follows = 'topic' in step && before !== undefined && 'topic' in before && before.topic === step.topic;
    if (last !== undefined && follows && last.length < commitEvery) last.push(step);
    else commits.push([step]);
  }
  return commits;
}

/** What came out of each commit. */
export type Outputs = readonly (readonly OutputRecord[])[];
