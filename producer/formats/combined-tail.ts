import { unescaped } from './escapes.js';
import type { RequestFields } from './line-format.js';

/** What is further on is of no format that anyone has. */
const LONGEST = 2048;
/** A word, one in quotes or brackets, or a name with its value. */
const PIECE = /[ \t]+(?:([A-Za-z_]\w{0,63})=)?(?:"((?:[^"\\]|\\.)*)"|\[[^\]]*\]|([^\s"]+))/y;
/** NGINX writes seconds with their milliseconds; compression ratios have two digits, addresses more dots. */
const SECONDS = /^\d{1,6}\.\d{3}$/;
const SECONDS_OF_SEVERAL = /^\d{1,6}\.\d{3}(?:[ ,:]+(?:\d{1,6}\.\d{3}|-))*$/;
/** Traefik's. */
const MILLISECONDS = /^(\d{1,9})ms$/;

const NAMES: Readonly<Record<string, 'requestTime' | 'upstreamTime' | 'host'>> = {
  ...{ rt: 'requestTime', request_time: 'requestTime', urt: 'upstreamTime', upstream_response_time: 'upstreamTime' },
  ...{ host: 'host', vhost: 'host' },
};

/**
 * Takes what servers write behind `combined`, by its form: the seconds of the request, and of its backends, which are no more;
 * pairs such as `rt=0.142`; Traefik's milliseconds at the end. Anything else is passed over.
 */
export function takeTail(line: string, from: number, fields: RequestFields): void {
  if (line.length - from < 4) return;
  const tail = line.slice(from, from + LONGEST);
  const seconds: string[] = [];
  PIECE.lastIndex = 0;
  for (let piece = PIECE.exec(tail); piece !== null; piece = PIECE.exec(tail)) {
    const [, name, quoted, word] = piece;
    const value = quoted === undefined ? word : unescaped(quoted);
    if (value === undefined) continue;
    if (name !== undefined) takePair(name, value, fields);
    else if (SECONDS.test(value)) seconds.push(value);
    else if (MILLISECONDS.test(value)) fields.requestTime ??= Number.parseInt(value, 10) / 1000;
  }
  const [first, second] = seconds;
  if (first === undefined || fields.requestTime !== undefined) return;
  const isSecondLonger = second !== undefined && Number(second) > Number(first);
  fields.requestTime = isSecondLonger ? second : first;
  if (second !== undefined) fields.upstreamTime ??= isSecondLonger ? first : second;
}

function takePair(name: string, value: string, fields: RequestFields): void {
  const field = NAMES[name.toLowerCase()];
  if (field === 'host') fields.host ??= value;
  else if (field === 'upstreamTime' ? SECONDS_OF_SEVERAL.test(value) : SECONDS.test(value)) {
    if (field !== undefined) fields[field] ??= value;
  }
}
