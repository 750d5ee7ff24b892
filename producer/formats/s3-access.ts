import {
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  RequestFields,
  says,
  shown,
} from './line-format.js';

/**
 * `<owner> <bucket> [06/Feb/2019:00:00:38 +0000] 192.0.2.3 <requester> <request id> REST.GET.OBJECT <key> "GET /b/k HTTP/1.1" 200 - 2662992 3462992 70 10 "-" "aws-sdk" - <host id> SigV4 <cipher> AuthHeader b.s3.amazonaws.com TLSv1.2 - -`;
 * AWS adds fields at the end, and the first ones alone are in the oldest logs. Clients write into the quotes, and
 * what they write is not escaped: the status and the numbers behind it tell where the request ends.
 */
const S3 =
  /^([\da-f]{64}) ([\w.-]{3,255}) \[([^\]]{20,32})\] (\S+) (\S+) (\S+) ([A-Z][A-Z\d]{1,11}\.[A-Z][\w.]{1,64}) (\S+) (?:"(.*?)"|-) (\d{3}|-) (\S+) (\d+|-) (\d+|-) (\d+|-) (\d+|-) (?:"(.*?)"|-) (?:"(.*)"|-) (\S+)(?: \S+ \S+ \S+ \S+ (\S+) (\S+).*)?$/;

/** Access logs of S3's buckets; also of stores that write the same. What S3 does by itself, such as to delete what has expired, is no request. */
export class S3AccessFormat implements LineFormat {
  read(line: string): LineOutcome {
    const parts = S3.exec(line);
    if (parts === null) return new LineRefusal('not-in-format', `no line of an access log of S3: ${shown(line)}`);
    const [, , bucket, time, client, requester, id, , , request, status, , bytes, , total, turnaround] = parts;
    const [referrer, agent, , host, tls] = parts.slice(16);
    if (!says(client) && !says(request)) return NO_RECORD;
    const fields = new RequestFields();
    fields.time = time;
    fields.client = client;
    fields.server = bucket;
    fields.host = says(host) ? host : `${bucket}.s3.amazonaws.com`;
    fields.user = requester;
    fields.requestId = id;
    if (says(request)) fields.request = request;
    if (says(status)) fields.status = status;
    if (says(bytes)) fields.bytes = bytes;
    if (says(total)) fields.requestTime = Number(total) / 1000;
    if (says(turnaround)) fields.upstreamTime = Number(turnaround) / 1000;
    fields.referrer = referrer;
    fields.userAgent = agent;
    fields.tls = tls;
    return fields;
  }
}
