import { describe, expect, it } from 'vitest';
import { CombinedFormat } from '../../../producer/formats/combined.js';
import { RequestFields } from '../../../producer/formats/line-format.js';

const HEAD = '192.0.2.1 - - [07/Mar/2026:11:05:03 +0000] "GET /a HTTP/1.1" 200 1234';
const COMBINED = `${HEAD} "https://a.example/" "curl/8.5 rt=9.999 7.777"`;

function read(line: string, keepsDetails = true): RequestFields {
  const fields = new CombinedFormat(keepsDetails).read(line);
  if (!(fields instanceof RequestFields)) throw new Error(fields.message);
  return fields;
}

describe('what stands behind a combined line', () => {
  it.each([
    ['nothing', '', undefined, undefined],
    ['X-Forwarded-For alone, whatever a client writes there', ' "rt=9.999"', undefined, undefined],
    ["NGINX's seconds", ' 0.142', '0.142', undefined],
    ['in quotes, behind X-Forwarded-For', ' "-" "0.142"', '0.142', undefined],
    ['and those of its backend', ' 0.142 0.140', '0.142', '0.140'],
    ['in the other order', ' 0.140 0.142 .', '0.142', '0.140'],
    ['names', ' "-" rt=0.142 uct="0.000" uht="0.139" urt="0.140"', '0.142', '0.140'],
    ['a backend that was asked twice', ' rt=0.242 urt="0.100, 0.140"', '0.242', '0.100, 0.140'],
    ['a backend that was not asked', ' rt=0.142 urt="-"', '0.142', undefined],
    [
      'what the controller of Kubernetes writes',
      ' 413 0.142 [shop-web-80] [] 10.0.0.7:8080 1234 0.140 200 4bf92f3577b34da6',
      '0.142',
      '0.140',
    ],
    ["Traefik's milliseconds", ' 17 "shop@docker" "http://10.0.0.7:8080" 142ms', 0.142, undefined],
    ['a compression ratio', ' 2.53', undefined, undefined],
    ['a time since the epoch', ' 1772881503.142', undefined, undefined],
    ['an address and a version', ' 10.0.0.7 1.1.1 443', undefined, undefined],
    ['what breaks off', ' "0.142', undefined, undefined],
  ])('is read: %s', (_, tail, requestTime, upstreamTime) => {
    const fields = read(COMBINED + tail);
    expect({ requestTime: fields.requestTime, upstreamTime: fields.upstreamTime }).toEqual({
      requestTime,
      upstreamTime,
    });
    expect(fields).toMatchObject({ bytes: '1234', status: '200', userAgent: 'curl/8.5 rt=9.999 7.777' });
    expect(read(COMBINED + tail, false)).toMatchObject({ requestTime, upstreamTime, userAgent: undefined });
  });

  it('is read without referrer and agent, too, and the host where it has its name', () => {
    expect(read(`${HEAD} 0.142`)).toMatchObject({ bytes: '1234', requestTime: '0.142' });
    expect(read(`${HEAD} 0.142 0.140`)).toMatchObject({ requestTime: '0.142', upstreamTime: '0.140' });
    expect(read(`${HEAD} 0.142 a.example`)).toMatchObject({ bytes: '1234', requestTime: '0.142', host: 'a.example' });
    expect(read(`${COMBINED} host=a.example rt=0.142`)).toMatchObject({ host: 'a.example', requestTime: '0.142' });
  });
});
