import { type LineFormat, type LineOutcome, LineRefusal, shown } from './line-format.js';
import { requestIn } from './request-messages.js';
import { timelessFields } from './text-dialects.js';

/**
 * Lines of services that have a level and no time, as many print them to a console. They need one around them: Docker's,
 * Kubernetes' or the journal's.
 */
export class TimelessFormat implements LineFormat {
  read(line: string): LineOutcome {
    const fields = timelessFields(line);
    return fields === undefined
      ? new LineRefusal('not-in-format', `the line does not begin with a level: ${shown(line)}`)
      : requestIn(fields);
  }
}
