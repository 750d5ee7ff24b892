import { describe, expect, it } from 'vitest';
import { EventIntake } from '../../../producer/event-intake.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';

function read(...lines: readonly string[]) {
  const intake = new EventIntake(chosenFormat('auto', { keepsDetails: true }).format, {
    ...{ host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000, details: () => true },
  });
  for (const line of lines) intake.addLine(line, 'here');
  return intake.take();
}

const OWNER = '79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be';
const NEWER = 'hostid= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader media.s3.us-west-1.amazonaws.com TLSv1.2 - -';
const s3 = (request: string, rest: string, client = '203.0.113.5') =>
  `${OWNER} media [07/Mar/2024:11:05:01 +0000] ${client} ${OWNER} 3E57427F3 REST.GET.OBJECT a.jpg ${request} ${rest}`;

describe('the access log of a bucket of S3', () => {
  it('is requests with all that it says', () => {
    const { badLines, events } = read(
      s3('"GET /media/a.jpg?x=b HTTP/1.1"', `200 - 2662992 3462992 70 10 "-" "aws-sdk-java/2" - ${NEWER}`),
    );
    expect(badLines).toEqual([]);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      ...{ client_ip: '203.0.113.5', method: 'GET', path: '/media/a.jpg', query: 'x=b', status: 200, bytes: 2_662_992 },
      ...{ request_time: 0.07, host: 'media.s3.us-west-1.amazonaws.com', server: 'media', request_id: '3E57427F3' },
      ...{ user_agent: 'aws-sdk-java/2', referrer: null, timestamp: Date.parse('2024-03-07T11:05:01Z') },
    });
  });

  it('is read without the fields that AWS added later', () => {
    const { badLines, events } = read(
      s3('"GET /media?policy HTTP/1.1"', '404 NoSuchBucketPolicy 297 - 38 - "-" "x" -'),
    );
    expect(badLines).toEqual([]);
    expect(events[0]).toMatchObject({ status: 404, bytes: 297, request_time: 0.038, host: 'media.s3.amazonaws.com' });
  });

  it('has no requests of what S3 does by itself', () => {
    const expired = s3('"-"', '- - - 1000 - - "-" "-" -', '-').replace('REST.GET.OBJECT', 'S3.EXPIRE.OBJECT');
    const { badLines, events } = read(expired);
    expect([...badLines, ...events]).toEqual([]);
  });

  it('has a user agent that cannot make a status', () => {
    const forged = '"x" 500 - 1 1 1 1 "-" "y" -';
    const { events } = read(s3('"GET /media/a.jpg HTTP/1.1"', `200 - 5 5 7 1 "-" "${forged}" - ${NEWER}`));
    expect(events[0]).toMatchObject({ status: 200, request_time: 0.007 });
  });
});

const HEADER = ['#separator \\x09', '#set_separator\t,', '#empty_field\t(empty)', '#unset_field\t-'];
const HTTP = [
  '#path\thttp',
  '#fields\tts\tid.orig_h\tid.resp_h\tmethod\thost\turi\treferrer\tversion\tuser_agent\tresponse_body_len\tstatus_code\ttags',
  '#types\ttime\taddr\taddr\tstring\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tset[enum]',
];

describe("Zeek's logs with tabs", () => {
  it('are requests where they are of HTTP', () => {
    const { badLines, events } = read(
      ...[...HEADER, ...HTTP],
      '1709809501.952279\t203.0.113.5\t192.0.2.80\tGET\tshop.example\t/cart?a=\\x09\t-\t1.1\tcurl/8\t56\t200\t(empty)',
      '#close\t2024-03-07-12-00-00',
    );
    expect(badLines).toEqual([]);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      ...{ client_ip: '203.0.113.5', method: 'GET', host: 'shop.example', path: '/cart', status: 200, bytes: 56 },
      ...{ user_agent: 'curl/8', referrer: null, timestamp: 1_709_809_501_952 },
    });
  });

  it('are service logs where they are of anything else', () => {
    const { badLines, serviceLogs } = read(
      ...[...HEADER, '#path\tnotice', '#fields\tts\tid.orig_h\tmsg\tsub', '#types\ttime\taddr\tstring\tstring'],
      '1709809501.5\t203.0.113.5\t203.0.113.5 scanned 15 ports\tlocal',
    );
    expect(badLines).toEqual([]);
    expect(serviceLogs).toHaveLength(1);
    expect(serviceLogs[0]).toMatchObject({
      ...{ service: 'zeek', level: 'WARN', message: 'notice: 203.0.113.5 scanned 15 ports', ip: '203.0.113.5' },
      ...{ attributes: { sub: 'local' }, timestamp: 1_709_809_501_500 },
    });
  });

  it('tells of a row that broke off', () => {
    const { badLines, events } = read(...[...HEADER, ...HTTP], '1709809501.952279\t203.0.113.5\t192.0.2.80');
    expect(events).toEqual([]);
    expect(badLines.map(({ reason }) => reason.split(':')[0])).toEqual(['not-in-format']);
  });
});
