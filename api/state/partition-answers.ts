import { type PartitionAnswer, type StateQuery, StateQueryClient, type StateQueryFailure } from '@millrace/streams';
import type { StateAccess } from '../../app/pipeline/state-access.js';
import { isLoopback } from '../listen.js';
import { Problem } from '../problems.js';
import type { RunningStore } from './running-stores.js';

/** By when a partition's answer begins, and by when it has come whole. */
const ANSWER_WITHIN_MS = 5_000;
const ENTRIES_WITHIN_MS = 15_000;
const RETRY_AFTER_S = 2;

/** The store has no keys of the kind of one that was asked for. */
export class KeyMismatch extends Error {
  override readonly name = 'KeyMismatch';
}

/** Its partition cannot be asked now, and may be again soon. */
const AWAY: ReadonlySet<StateQueryFailure> = new Set([
  'NOT_PRESENT',
  'NOT_ACTIVE',
  'NOT_AVAILABLE',
  'UNREACHABLE',
  'DEADLINE_EXCEEDED',
]);

/** Asks each partition of a store at the process that has it. */
export class PartitionAnswers {
  readonly #store: RunningStore;
  readonly #access: StateAccess | undefined;

  constructor(store: RunningStore, access: StateAccess | undefined) {
    this.#store = store;
    this.#access = access;
  }

  /** @throws Problem 503 where the partition cannot be asked; KeyMismatch */
  async ask(partition: number, query: StateQuery): Promise<unknown> {
    const { name, owners } = this.#store;
    const owner = owners.get(partition);
    if (!owners.has(partition)) throw this.#away(partition, 'the process that had it is away');
    if (owner === undefined || this.#access === undefined) {
      throw this.#away(partition, 'the process that has it does not say where it can be asked');
    }
    const { ca, isOfThisMachine, token } = this.#access;
    if (isOfThisMachine && !isLoopback(owner.host)) {
      throw new Problem(
        503,
        'state-token-missing',
        `Partition ${partition} of the store "${name}" is at ${owner.host}, which takes a token that all processes share: ` +
          'give this server --application-server-token.',
      );
    }
    const tls = ca !== undefined || owner.tls ? { ...(ca !== undefined && { ca }) } : undefined;
    const client = new StateQueryClient({ token, ...(tls !== undefined && { tls }) });
    const answer = await client.ask({
      ...{ host: { host: owner.host, port: owner.port }, partition, request: { store: name, query } },
      ...{ answerMs: ANSWER_WITHIN_MS, deadlineMs: ENTRIES_WITHIN_MS },
    });
    return this.#valueOf(partition, answer);
  }

  /** Entries in their order; those that did not come whole are a problem. */
  async *entries<E = [key: unknown, value: unknown]>(partition: number, query: StateQuery): AsyncGenerator<E> {
    const entries = (await this.ask(partition, query)) as AsyncIterable<E>;
    try {
      yield* entries;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw this.#away(partition, (error as Error).message);
    }
  }

  #valueOf(partition: number, answer: PartitionAnswer<unknown>): unknown {
    if (answer.isSuccess) return answer.value;
    const { failure, message } = answer;
    if (failure === 'INVALID_KEY') throw new KeyMismatch(message);
    if (AWAY.has(failure)) throw this.#away(partition, message);
    if (failure === 'REFUSED') {
      throw new Problem(
        503,
        'state-token-refused',
        `The process that has partition ${partition} of the store "${this.#store.name}" takes another token: give it and ` +
          'this server the same --application-server-token.',
      );
    }
    throw new Error(`the store "${this.#store.name}" answers ${failure}: ${message}`);
  }

  #away(partition: number, why: string): Problem {
    return new Problem(
      503,
      'partition-away',
      `Partition ${partition} of the store "${this.#store.name}" cannot be asked now: ${why}.`,
      { retryAfterSeconds: RETRY_AFTER_S },
    );
  }
}
