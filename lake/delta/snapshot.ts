import type { Action, Add, Metadata, Protocol, Remove, Txn } from './actions.js';

/** The table as of one version: what remains when all actions up to it are applied in order. */
export interface Snapshot {
  readonly version: number;
  readonly protocol: Protocol;
  readonly metaData: Metadata;
  /** The files that are the table, by path. */
  readonly files: ReadonlyMap<string, Add>;
  /** Files that are not the table's any more, and are deleted when no reader can want them. */
  readonly tombstones: ReadonlyMap<string, Remove>;
  /** The last version of each application. */
  readonly transactions: ReadonlyMap<string, Txn>;
}

/** Replays actions. */
export class Replay {
  version = -1;
  #protocol: Protocol | undefined;
  #metaData: Metadata | undefined;
  readonly #files = new Map<string, Add>();
  readonly #tombstones = new Map<string, Remove>();
  readonly #transactions = new Map<string, Txn>();

  apply(version: number, actions: Iterable<Action>): void {
    for (const { add, metaData, protocol, remove, txn } of actions) {
      if (protocol) this.#protocol = protocol;
      if (metaData) this.#metaData = metaData;
      if (txn) this.#transactions.set(txn.appId, txn);
      if (remove) {
        this.#files.delete(remove.path);
        this.#tombstones.set(remove.path, remove);
      }
      if (add) {
        this.#tombstones.delete(add.path);
        this.#files.set(add.path, add);
      }
    }
    this.version = version;
  }

  /** A view that moves with what is applied; undefined while there is no table. */
  get snapshot(): Snapshot | undefined {
    if (this.#protocol === undefined || this.#metaData === undefined) return undefined;
    return {
      version: this.version,
      protocol: this.#protocol,
      metaData: this.#metaData,
      files: this.#files,
      tombstones: this.#tombstones,
      transactions: this.#transactions,
    };
  }
}

/** The actions that make this snapshot out of nothing: what a checkpoint holds. */
export function* actionsOf(
  snapshot: Snapshot,
  { tombstonesSince }: { readonly tombstonesSince: number },
): Iterable<Action> {
  yield { protocol: snapshot.protocol };
  yield { metaData: snapshot.metaData };
  for (const txn of snapshot.transactions.values()) yield { txn };
  for (const remove of snapshot.tombstones.values()) {
    // They say when a file was given up; afterwards it is a file that nobody knows.
    if ((remove.deletionTimestamp ?? 0) >= tombstonesSince) yield { remove: { ...remove, dataChange: false } };
  }
  for (const add of snapshot.files.values()) yield { add: { ...add, dataChange: false } };
}
