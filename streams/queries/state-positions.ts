import { setTimeout as delay } from 'node:timers/promises';
import type { Log, TopicPartition } from '../log/log.js';
import type { TaskState } from '../runtime/task/task-state.js';
import { reaches } from './position.js';
import type { Position } from './state-query.js';

const END_VALID_MS = 1000;
const MARK_WAIT_MS = 1000;

/** What a state holds, once it has come to these ends of its changelogs. */
interface Mark {
  readonly position: Position;
  readonly ends: ReadonlyMap<string, number>;
}

interface Known {
  position: Position;
  mark: Mark | undefined;
  marking?: Promise<Mark> | undefined;
}

export interface StatePositionsOptions {
  readonly applicationId: string;
  readonly log: Log;
  /** The topics that the state's task reads. */
  readonly inputs: (state: TaskState) => readonly string[];
}

/**
 * How far states have come that are brought up to date by their changelogs, in what their tasks read: changelogs do not say
 * that. A commit takes offsets and changes together; so a state that holds all changes that are there after the offsets
 * were asked for counts all records before those.
 */
export class StatePositions {
  readonly #options: StatePositionsOptions;
  readonly #known = new WeakMap<TaskState, Known>();
  readonly #ends = new Map<string, { readonly askedAt: number; readonly end: Promise<number> }>();

  constructor(options: StatePositionsOptions) {
    this.#options = options;
  }

  /** What the state counts at least, as far as that was asked for. */
  of(state: TaskState): Position {
    const known = this.#knownOf(state);
    const { mark } = known;
    if (mark !== undefined && hasCome(state, mark)) {
      known.position = mark.position;
      known.mark = undefined;
    }
    return known.position;
  }

  /** Whether the state counts all records before these offsets, of those that its task reads. */
  async reaches(state: TaskState, bound: Position): Promise<boolean> {
    if (reaches(this.of(state), bound)) return true;
    const known = this.#knownOf(state);
    // One that the state has still to come to is kept: under load there is always a later end.
    if (known.mark === undefined) {
      known.marking ??= this.#mark(state).finally(() => {
        known.marking = undefined;
      });
      // A transaction that is left open may hold it up.
      const mark = await Promise.race([known.marking, delay(MARK_WAIT_MS, undefined, { ref: false })]);
      known.mark ??= mark;
    }
    return reaches(this.of(state), bound);
  }

  /** How many changes of the store are missing, as of a second ago at most. */
  async lag(state: TaskState, store: string): Promise<number> {
    const position = state.positions.find((one) => one.store.name === store);
    if (position === undefined) return 0;
    return Math.max(0, (await this.#end(position.topicPartition)) - position.offset);
  }

  #end(topicPartition: TopicPartition): Promise<number> {
    const id = `${topicPartition.partition} ${topicPartition.topic}`;
    const known = this.#ends.get(id);
    if (known !== undefined && performance.now() - known.askedAt < END_VALID_MS) return known.end;
    const asked = { askedAt: performance.now(), end: this.#options.log.endOffset(topicPartition) };
    this.#ends.set(id, asked);
    asked.end.catch(() => this.#ends.delete(id));
    return asked.end;
  }

  async #mark(state: TaskState): Promise<Mark> {
    const { applicationId, log } = this.#options;
    const { partition } = state;
    const position: Record<string, Record<number, number>> = {};
    for (const topic of this.#options.inputs(state)) {
      const committed = await log.committed(applicationId, { topic, partition });
      position[topic] = { [partition]: committed?.offset ?? 0 };
    }
    const ends = await Promise.all(
      state.positions.map(async ({ topicPartition }) => {
        // The changes of a commit may be seen a moment after its offsets.
        return [topicPartition.topic, await log.endOffset(topicPartition, { settled: true })] as const;
      }),
    );
    return { position, ends: new Map(ends) };
  }

  #knownOf(state: TaskState): Known {
    let known = this.#known.get(state);
    if (known === undefined) {
      const inputs = this.#options.inputs(state).map((topic) => [topic, { [state.partition]: 0 }]);
      known = { position: Object.fromEntries(inputs), mark: undefined };
      this.#known.set(state, known);
    }
    return known;
  }
}

function hasCome(state: TaskState, { ends }: Mark): boolean {
  return state.positions.every(({ offset, topicPartition }) => offset >= (ends.get(topicPartition.topic) ?? 0));
}
