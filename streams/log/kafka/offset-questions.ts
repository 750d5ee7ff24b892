import type { IsolationLevel, ListOffsetsResult, OffsetSpec } from '@confluentinc/kafka-javascript';
import type { TopicPartition } from '../log.js';

export interface OffsetQuestion {
  readonly topicPartition: TopicPartition;
  readonly offset: OffsetSpec;
  readonly isolationLevel: IsolationLevel;
}

export interface AskOffsets {
  /** Asks once for all of them, no partition twice; answers come in any order, and some may be missing or errors. */
  readonly together: (questions: readonly OffsetQuestion[]) => Promise<readonly ListOffsetsResult[]>;
  /** Asks until there is an answer, or an error that does not pass by itself. */
  readonly alone: (question: OffsetQuestion) => Promise<number>;
}

interface Waiting {
  readonly question: OffsetQuestion;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks for offsets of many partitions in one request: those that are asked for at one time, or while the last request is
 * under way. A partition whose offset cannot be told so is asked for alone, and the others do not wait for it.
 *
 * At most two requests are under way, one of each kind: each holds one of the few threads that Node has for them, for as
 * long as brokers are away, and commits need some, too.
 */
export class OffsetQuestions {
  readonly #ask: AskOffsets;
  #waiting: Waiting[] = [];
  #isAsking = false;
  #alone: Promise<void> = Promise.resolve();

  constructor(ask: AskOffsets) {
    this.#ask = ask;
  }

  offset(question: OffsetQuestion): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#isAsking) return;
      this.#isAsking = true;
      setImmediate(() => void this.#askTogether());
    });
  }

  async #askTogether(): Promise<void> {
    while (this.#waiting.length > 0) {
      const asked = this.#take();
      const results = await this.#ask.together([...asked.values()].map(([{ question }]) => question)).catch(() => []);
      const answers = new Map(results.map((result) => [idOf(result), result]));
      for (const [id, waiting] of asked) {
        const answer = answers.get(id);
        if (answer === undefined || answer.error) this.#askAlone(waiting);
        else for (const { resolve } of waiting) resolve(answer.offset);
      }
    }
    this.#isAsking = false;
  }

  /** Those that one request can be about, by partition; at least one. */
  #take(): Map<string, [Waiting, ...Waiting[]]> {
    const taken = new Map<string, [Waiting, ...Waiting[]]>();
    const left: Waiting[] = [];
    const level = this.#waiting[0]?.question.isolationLevel;
    for (const waiting of this.#waiting) {
      const { isolationLevel, offset, topicPartition } = waiting.question;
      const id = idOf(topicPartition);
      const same = taken.get(id);
      if (isolationLevel !== level || (same !== undefined && same[0].question.offset !== offset)) left.push(waiting);
      else if (same === undefined) taken.set(id, [waiting]);
      else same.push(waiting);
    }
    this.#waiting = left;
    return taken;
  }

  #askAlone(waiting: readonly [Waiting, ...Waiting[]]): void {
    this.#alone = this.#alone.then(async () => {
      try {
        const offset = await this.#ask.alone(waiting[0].question);
        for (const { resolve } of waiting) resolve(offset);
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    });
  }
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
