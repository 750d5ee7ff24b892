import type { LevelEntry } from './level-table.js';
import { LevelVarints } from './level-varints.js';

const SEQUENCE_AND_COUNT_BYTES = 12;
const DELETION = 0;
const PUT = 1;

/** What a record of a write-ahead log writes. @throws RangeError when it is no such record */
export function* writtenEntries(record: Buffer): Generator<LevelEntry> {
  let sequence = Number(record.readBigUInt64LE(0));
  const entries = new LevelVarints(record.subarray(SEQUENCE_AND_COUNT_BYTES));
  while (!entries.isAtEnd) {
    const kind = entries.next();
    if (kind !== DELETION && kind !== PUT) throw new RangeError(`has a write of kind ${kind}`);
    const key = entries.text();
    yield { key, sequence, value: kind === PUT ? entries.text() : undefined };
    sequence++;
  }
}
