import { LakeError } from './lake-error.js';

/** A topic that is stored. */
export interface LakeSource {
  /** What its records are in the table, such as `access`; lower-case letters, digits, `-` and `_`. */
  readonly kind: string;
  readonly topic: string;
  /**
   * The field that says when the event was; it counts where it is an Avro timestamp and not null. Otherwise the record's own
   * timestamp counts. Default `timestamp`.
   */
  readonly timeField?: string;
}

/** A kind is a part of paths and the name of a view. */
const KIND = /^[a-z][a-z0-9_-]*$/;
/** The view of the whole table. */
export const ALL_KINDS = 'logs';

/** @throws LakeError SOURCE_INVALID when there are none, or one could not be told from another */
export function requireSources(sources: readonly LakeSource[]): void {
  const invalid = (why: string) => new LakeError('SOURCE_INVALID', why);
  if (sources.length === 0) throw invalid('there is no topic to store');
  for (const [index, { kind, topic }] of sources.entries()) {
    if (!KIND.test(kind)) {
      throw invalid(`the kind "${kind}" of topic ${topic} must be lower-case letters, digits, - and _, a letter first`);
    }
    if (viewName(kind) === ALL_KINDS)
      throw invalid(`a kind cannot be called "${kind}": that is the view of all of them`);
    const other = sources.slice(0, index).find((earlier) => earlier.topic === topic);
    if (other !== undefined)
      throw invalid(`the topic ${topic} is of kind ${other.kind} already; it cannot be ${kind}, too`);
  }
}

/** What a kind's view is called in SQL, where a `-` would have to be quoted. */
export function viewName(kind: string): string {
  return kind.replaceAll('-', '_');
}
