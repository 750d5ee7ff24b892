import { ArgumentError } from '../errors.js';
import { checkRequest, failed, unknownStore } from './local-state-queries.js';
import type { StateQueryClient } from './remote/state-query-client.js';
import type { StateQueries } from './state-queries.js';
import type { PartitionAnswer, StateQueryFailure, StateQueryRequest, StateQueryResult } from './state-query.js';
import type { ApplicationMetadata, StreamsMetadata } from './streams-metadata.js';
import type { TaskStores } from './task-stores.js';

/** With these a standby is asked in the place of the task, where the request lets it. */
const ANSWERED_BY_STANDBYS: ReadonlySet<StateQueryFailure> = new Set([
  'NOT_PRESENT',
  'NOT_ACTIVE',
  'NOT_AVAILABLE',
  'UNREACHABLE',
  'DEADLINE_EXCEEDED',
]);

export interface ApplicationQueriesOptions {
  readonly local: StateQueries;
  readonly stores: TaskStores;
  readonly metadata: ApplicationMetadata;
  readonly client: StateQueryClient;
}

/** Asks each partition where it is: here, or at the instance that has told that it has it. */
export class ApplicationQueries {
  readonly #options: ApplicationQueriesOptions;

  constructor(options: ApplicationQueriesOptions) {
    this.#options = options;
  }

  /** @throws StateQueryError UNKNOWN_STORE; ArgumentError */
  async query(request: StateQueryRequest, deadlineMs: number): Promise<StateQueryResult<unknown>> {
    checkRequest(request);
    const deadline = performance.now() + deadlineMs;
    const partitions = request.partitions ?? this.#partitionsOf(request);
    const answers = await Promise.all(
      partitions.map(async (partition) => [partition, await this.#ask(partition, request, deadline)] as const),
    );
    return { partitions: new Map(answers) };
  }

  /** The one of the key; of a store that a processor fills as it likes, all. */
  #partitionsOf({ query, store }: StateQueryRequest): number[] {
    const { metadata, stores } = this.#options;
    const definition = stores.definition(store);
    if (definition === undefined) throw unknownStore(store);
    if ('key' in query && definition.contents.kind !== 'entries') {
      try {
        return [metadata.partitionOf(store, query.key)];
      } catch (cause) {
        throw new ArgumentError(`the store "${store}" has no such key: ${(cause as Error).message}`, { cause });
      }
    }
    return Array.from({ length: stores.partitions(store) ?? 0 }, (_, partition) => partition);
  }

  async #ask(partition: number, request: StateQueryRequest, deadline: number): Promise<PartitionAnswer<unknown>> {
    const { metadata, stores } = this.#options;
    const { maxLag, store } = request;
    const count = stores.partitions(store);
    if (count === undefined) throw unknownStore(store);
    if (!(Number.isInteger(partition) && partition >= 0 && partition < count)) return failed('DOES_NOT_EXIST');
    const { active, standbys } = metadata.owners(store, partition);
    const near = [...standbys].sort((a, b) => Number(b.isLocal) - Number(a.isLocal));
    const asked = [...(active === undefined ? [] : [active]), ...(maxLag === undefined ? [] : near)];
    let answer: PartitionAnswer<unknown> = failed('NOT_AVAILABLE');
    for (const [i, instance] of asked.entries()) {
      answer = await this.#askOne(instance, partition, request, deadline, asked.length - i);
      if (answer.isSuccess || !ANSWERED_BY_STANDBYS.has(answer.failure)) break;
    }
    return answer;
  }

  /** @param left how many may be asked in the time that is left */
  async #askOne(
    { hostInfo: host, isLocal }: StreamsMetadata,
    partition: number,
    request: StateQueryRequest,
    deadline: number,
    left: number,
  ): Promise<PartitionAnswer<unknown>> {
    const { client, local, stores } = this.#options;
    if (isLocal) {
      const { partitions } = await local.query({ ...request, partitions: [partition] });
      return partitions.get(partition) ?? failed('NOT_PRESENT');
    }
    if (host === undefined)
      return failed('NOT_AVAILABLE', 'the process that has the partition has no applicationServer');
    const deadlineMs = deadline - performance.now();
    if (deadlineMs <= 0) return failed('DEADLINE_EXCEEDED');
    const serdes = stores.serdes(request.store);
    return client.ask({ host, partition, request, serdes, answerMs: deadlineMs / left, deadlineMs });
  }
}
