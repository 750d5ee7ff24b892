import { type LineFormat, type LineOutcome, LineRefusal, RequestFields, shown } from './line-format.js';

/** `127.0.0.1 -  05/Mar/2024:13:55:36 +0100 "GET /index.php" 200`: no brackets are around the time. */
const REQUEST =
  /^(\S+) +- +(?:(\S+) +)?(\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}) "([A-Z]{3,16} [^"]*)" (\d{3})(?: (.*))?$/;
/** The script, milliseconds, memory and processor time, as the commented line of `www.conf` has them behind it. */
const DETAILS = /^\S+ (\d{1,9}\.\d{3}) \d+ [\d.]+%/;

/** PHP-FPM's `access.log` in its own format, and in the longer one that its configuration proposes. */
export class PhpFpmFormat implements LineFormat {
  read(line: string): LineOutcome {
    const [whole, client, user, time, request, status, rest = ''] = REQUEST.exec(line) ?? [];
    if (whole === undefined) return new LineRefusal('not-in-format', `no request of PHP-FPM: ${shown(line)}`);
    const fields = new RequestFields();
    fields.client = client;
    fields.user = user;
    fields.time = time;
    fields.request = request;
    fields.status = status;
    const milliseconds = DETAILS.exec(rest)?.[1];
    if (milliseconds !== undefined) fields.requestTime = Number(milliseconds) / 1000;
    return fields;
  }
}
