import { type LineFormat, type LineOutcome, LineRefusal, RequestFields } from './line-format.js';
import { recordsIn, recordsWithin } from './record-lists.js';

/** What a line is; of one that holds several records, those. */
export function readLine(format: LineFormat, line: string): LineOutcome | readonly string[] {
  const listed = recordsIn(line);
  if (listed !== undefined) return listed;
  const outcome = format.read(line);
  return isNothing(outcome) ? (recordsWithin(line) ?? outcome) : outcome;
}

/** Whether nothing can be made of it. */
function isNothing(outcome: LineOutcome): boolean {
  if (outcome instanceof LineRefusal) return true;
  return outcome instanceof RequestFields && outcome.client === undefined && outcome.time === undefined;
}
