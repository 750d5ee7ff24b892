import { z } from 'zod';
import type { StateAccess } from '../../app/pipeline/state-access.js';
import type { LiveResults } from '../live/live-results.js';

/** Of the topic `pipeline-status`, what is needed to find a store. */
const instanceStores = z.object({
  instance: z.string(),
  application: z.string(),
  time: z.number(),
  state_queries: z.object({ host: z.string(), port: z.int(), tls: z.boolean() }).nullish(),
  tasks: z.array(z.object({ task: z.string(), partition: z.int() })),
  stores: z.array(z.object({ name: z.string(), task: z.string(), type: z.string(), partitions: z.int().min(1) })),
});
type InstanceStores = z.output<typeof instanceStores>;

/** Where an instance is asked; undefined where it does not tell. */
export interface StoreOwner {
  readonly instance: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface RunningStore {
  readonly name: string;
  readonly application: string;
  /** `key-value`, `window`, `session` or `versioned`. */
  readonly type: string;
  readonly partitions: number;
  /** By partition, who has it now; those of processes that are away are missing. */
  readonly owners: ReadonlyMap<number, StoreOwner | undefined>;
}

/** Finds stores by what the instances of pipelines tell of themselves. */
export class RunningStores {
  readonly #live: Pick<LiveResults, 'lastStatus' | 'status'>;

  /** @param access with what instances are asked; undefined: none is */
  constructor(
    live: Pick<LiveResults, 'lastStatus' | 'status'>,
    readonly access: StateAccess | undefined,
  ) {
    this.#live = live;
  }

  /** Of several applications with such a store, that of the instance that told last. */
  find(name: string): RunningStore | undefined {
    const known = instancesOf(this.#live.lastStatus);
    const latest = known.findLast(({ stores }) => stores.some((store) => store.name === name));
    const definition = latest?.stores.find((store) => store.name === name);
    if (latest === undefined || definition === undefined) return undefined;
    const { application } = latest;
    const owners = new Map<number, StoreOwner | undefined>();
    for (const one of instancesOf(this.#live.status)) {
      if (one.application !== application) continue;
      const tasks = new Set(one.stores.filter((store) => store.name === name).map(({ task }) => task));
      // The one that told last has taken the partition over.
      for (const { partition, task } of one.tasks) if (tasks.has(task)) owners.set(partition, ownerOf(one));
    }
    return { name, application, type: definition.type, partitions: definition.partitions, owners };
  }
}

/** Those that told last come last. */
function instancesOf(status: LiveResults['status']): InstanceStores[] {
  return status.flatMap((one) => instanceStores.safeParse(one).data ?? []).sort((one, other) => one.time - other.time);
}

function ownerOf({ instance, state_queries: place }: InstanceStores): StoreOwner | undefined {
  return place == null ? undefined : { instance, ...place };
}
