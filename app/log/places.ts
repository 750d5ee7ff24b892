import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectorySync } from '@millrace/streams/embedded';

/** What a run processes: results of one kind must not stand beside those of the other, nor make them late. */
export type InputKind = 'simulated' | 'own-logs';

/** Says what stands in the directory itself; what is of the other kind has a place of its own in it. */
const KIND = 'kind';
/** Says which place the last run used. */
const LAST = 'last-place';

/**
 * The place in a data directory for a run of this kind: the directory itself, or, where it holds the other kind, one in
 * it. What reads without saying which finds the place of the last run.
 */
export function placeFor(directory: string, kind: InputKind): string {
  try {
    makePrivateDirectorySync(directory);
    const own = textOf(join(directory, KIND));
    if (own === undefined) writeFileSync(join(directory, KIND), `${kind}\n`, { mode: 0o600 });
    const place = own === undefined || own === kind ? '.' : kind;
    writeFileSync(join(directory, LAST), `${place}\n`, { mode: 0o600 });
    return place === '.' ? directory : join(directory, place);
  } catch {
    // Whoever opens the directory says what is wrong with it.
    return directory;
  }
}

/** The place that the last run used; the directory itself when there is no other. */
export function lastPlace(directory: string): string {
  const place = textOf(join(directory, LAST));
  if (place !== 'simulated' && place !== 'own-logs') return directory;
  const path = join(directory, place);
  return existsSync(path) ? path : directory;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
