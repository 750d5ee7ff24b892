import { canonicalAddress } from '../../schemas/canonical/address.js';
import { canonicalHost } from '../../schemas/canonical/host.js';
import { takeTail } from './combined-tail.js';
import { unescaped } from './escapes.js';
import { takeClfRest } from './haproxy.js';
import { type LineFormat, LineRefusal, RequestFields, shown } from './line-format.js';

const SPACE = 32;
const TAB = 9;
const QUOTE = 34;
const DASH = 45;
const OPEN_BRACKET = '[';
const CLOSE_BRACKET = ']';
const BACKSLASH = 92;

/** `[17/May/2015:10:05:03 +0000]` is 28 characters; no time that anyone writes is as long as this. */
const LONGEST_TIME = 48;
const LONGEST_HOST = 320;
const USUAL_TIME = 27;
/** How addresses start that are not a client's but a proxy's, or nobody's. */
const NOT_PUBLIC = /^(?:10\.|127\.|192\.168\.|172\.|169\.254\.|100\.|::|f[cde]|-|unix:)/i;
const ENDS_IN_PROTOCOL = / HTTP\/\d(?:\.\d)?$/;
/** The size, and behind it Tomcat's duration or what Squid's cache did. */
const SIZE_AND_WORD = /^(\d+) (?:\d+$|[A-Z_]+:[A-Z_]+(?: |$))/;
/** Such as the `3 0.142 ` of a line without referrer and agent. */
const SIZE_AND_SECONDS = /^[\d-][ \t]+\d{1,6}\.\d{3}(?:[ \t]|$)/;
/** The name or address that a request was for, as it stands in a line by itself. */
const HOST_AND_PORT = /^(?:[a-z][\w-]*(?:\.[\w-]+)*\.?|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
/** Lighttpd's `%h %V %u`, before the time. */
const HOST_AND_USER = /^[ \t]+([\w-]+(?:\.[\w-]+)*\.[a-z][a-z\d-]+) \S+ \[/i;
const AFTER_REQUEST = /^[ \t]+(?:\d{3}|-)(?=[ \t]|$)/;

/**
 * NGINX's `combined`, which is also `common`, `main` of NGINX's packages, Apache's `vhost_combined`, and most formats of
 * people's own: the client, anything, the time in brackets, the request in quotes, the status. What follows may be
 * anything: the size where it stands next, or the seconds that the request took and the host.
 */
export class CombinedFormat implements LineFormat {
  readonly #keepsDetails: boolean;

  /** @param keepsDetails whether the referrer, the user agent and the user are wanted, which no result is made of */
  constructor(keepsDetails = false) {
    this.#keepsDetails = keepsDetails;
  }

  read(line: string): RequestFields | LineRefusal {
    const clientEnd = endOfWord(line, 0);
    const next = skipSpaces(line, clientEnd);
    if (clientEnd === 0 || next === clientEnd) return notInFormat(line);
    const fields = new RequestFields();
    fields.client = line.slice(0, clientEnd);
    // An identity that is not `-` is rare; what begins in other ways is no combined line.
    if (line.charCodeAt(next) !== DASH || !isSpace(line.charCodeAt(next + 1))) {
      if (!readsAsClient(line, clientEnd, next, fields)) return notInFormat(line);
    }
    const quote = this.#time(line, clientEnd, fields);
    if (quote < 0) return new LineRefusal('not-in-format', `no time in brackets and request in quotes: ${shown(line)}`);
    const close = endOfRequest(line, quote + 1, fields);
    if (close < 0) return new LineRefusal('not-in-format', `no status after the request: ${shown(line.slice(quote))}`);
    const request = line.slice(quote + 1, close);
    fields.request = request.includes('\\') ? unescaped(request) : request;
    const status = skipSpaces(line, close + 1);
    const statusEnd = endOfWord(line, status);
    if (statusEnd === status) return new LineRefusal('not-in-format', `no status after the request: ${shown(line)}`);
    if (fields.ambiguous === undefined) {
      fields.status = line.slice(status, statusEnd);
      this.#rest(line, skipSpaces(line, statusEnd), fields);
    }
    if (this.#keepsDetails) userOf(line, clientEnd, quote, fields);
    return fields;
  }

  /** Finds the brackets that hold a time and stand before quotes. @returns where the quotes open, -1 when nowhere */
  #time(line: string, from: number, fields: RequestFields): number {
    for (let open = line.indexOf(OPEN_BRACKET, from); open >= 0; open = line.indexOf(OPEN_BRACKET, open + 1)) {
      const first = line.charCodeAt(open + 1);
      if (first !== SPACE && !isDigit(first)) continue;
      const close = closingBracket(line, open + 1);
      if (close < 0 || isNested(line, open, close)) continue;
      let quote = skipSpaces(line, close + 1);
      if (line.charCodeAt(quote) !== QUOTE) {
        // APISIX has the host there.
        const end = endOfWord(line, quote);
        const host = line.slice(quote, end);
        quote = skipSpaces(line, end);
        if (line.charCodeAt(quote) !== QUOTE || !(host === '-' || HOST_AND_PORT.test(host))) continue;
        fields.isHostHeader = host !== '-';
        if (fields.isHostHeader) fields.host = host;
      }
      fields.time = line.slice(open + 1, close);
      return quote;
    }
    return -1;
  }

  #rest(line: string, start: number, fields: RequestFields): void {
    const end = endOfWord(line, start);
    const next = skipSpaces(line, end);
    if (next === line.length || line.charCodeAt(next) === QUOTE) {
      fields.bytes = line.slice(start, end);
      // Of no one else the referrer is an empty word.
      if (line.charCodeAt(next + 1) === QUOTE) takeClfRest(fields, line, next);
      takeTail(line, refererAndAgent(line, next, fields, this.#keepsDetails), fields);
    } else if (SIZE_AND_SECONDS.test(line.slice(end - 1, end + 16))) {
      fields.bytes = line.slice(start, end);
      secondsAndHost(line.slice(next), fields);
      refererAndAgent(line, skipSpaces(line, endOfWord(line, next)), fields, this.#keepsDetails);
      takeTail(line, end, fields);
    } else {
      fields.bytes = SIZE_AND_WORD.exec(line.slice(start))?.[1];
      if (line.indexOf('.', start) > 0) secondsAndHost(line.slice(start), fields);
    }
    // Behind a proxy of one's own, the client is who the proxy says.
    if (NOT_PUBLIC.test(fields.client as string)) fields.forwarded = thirdQuoted(line, start);
  }
}

/** `"https://example.com/" "Mozilla/5.0 …"`, behind the size. @returns where they end */
function refererAndAgent(line: string, open: number, fields: RequestFields, keepsDetails: boolean): number {
  if (line.charCodeAt(open) !== QUOTE) return line.length;
  const close = unescapedQuote(line, open + 1);
  if (close < 0) return line.length;
  if (keepsDetails) fields.referrer = quoted(line, open + 1, close);
  const second = close + 2;
  if (line.charCodeAt(second) !== QUOTE) return close + 1;
  const end = unescapedQuote(line, second + 1);
  if (end < 0) return line.length;
  if (keepsDetails) fields.userAgent = quoted(line, second + 1, end);
  return end + 1;
}

function quoted(line: string, from: number, to: number): string {
  const text = line.slice(from, to);
  return text.includes('\\') ? unescaped(text) : text;
}

/** The last word before the time's bracket, behind the identity. */
function userOf(line: string, clientEnd: number, quote: number, fields: RequestFields): void {
  const bracket = line.lastIndexOf(OPEN_BRACKET, quote);
  let end = bracket;
  while (end > clientEnd && isSpace(line.charCodeAt(end - 1))) end--;
  // `- - [`, by far the most lines.
  if (line.charCodeAt(end - 1) === DASH && isSpace(line.charCodeAt(end - 2))) return;
  let start = end;
  while (start > clientEnd && !isSpace(line.charCodeAt(start - 1))) start--;
  if (start > clientEnd + 1 && start < end && fields.host === undefined) fields.user = quoted(line, start, end);
}

/** What `main` of NGINX's packages has after the referrer and the user agent: X-Forwarded-For. */
function thirdQuoted(line: string, start: number): string | undefined {
  let from = start;
  for (let quoted = 1; ; quoted++) {
    const open = line.indexOf('"', from);
    const close = open < 0 ? -1 : unescapedQuote(line, open + 1);
    if (close < 0) return undefined;
    if (quoted === 3) return line.slice(open + 1, close);
    from = close + 1;
  }
}

/** `0.142 shop.example`, at the end of the line: how long the request took, and whom it asked. */
function secondsAndHost(rest: string, fields: RequestFields): void {
  const [, seconds, host] = /^(\d+\.\d+)[ \t]+([A-Za-z][\w.-]{0,253}|\[[\da-fA-F:.]+\])\s*$/.exec(rest) ?? [];
  if (seconds === undefined || host === undefined) return;
  fields.requestTime = seconds;
  fields.host = host;
}

/**
 * What begins neither with a client and `-`: an address and an identity, an address and at once the time, or, as Apache's
 * `vhost_combined`, a host and an address.
 */
function readsAsClient(line: string, clientEnd: number, next: number, fields: RequestFields): boolean {
  const first = line.slice(0, clientEnd);
  const secondEnd = endOfWord(line, next);
  const second = line.slice(next, secondEnd);
  // Two addresses: the first is the host that was asked for, which the client says.
  if (canonicalAddress(second) === undefined) {
    fields.host = HOST_AND_USER.exec(line.slice(clientEnd, clientEnd + LONGEST_HOST))?.[1];
    return canonicalAddress(first) !== undefined;
  }
  if (canonicalHost(first) === undefined) return false;
  fields.host = first;
  fields.client = second;
  return true;
}

/**
 * Where the request's quotes close: before the status. Servers escape quotes inside; where one does not, the status is
 * behind the first that a protocol stands before, and not known where there are two of those: the client made one.
 */
function endOfRequest(line: string, start: number, fields: RequestFields): number {
  const first = unescapedQuote(line, start);
  if (first < 0) return -1;
  const status = line.charCodeAt(first + 2);
  if (line.charCodeAt(first + 1) === SPACE && (isDigit(status) || status === DASH)) {
    // By far the most lines: three digits and no more.
    if (status === DASH || !isDigit(line.charCodeAt(first + 5))) return first;
  }
  let chosen = -1;
  for (let quote = first; quote >= 0; quote = unescapedQuote(line, quote + 1)) {
    if (!AFTER_REQUEST.test(line.slice(quote + 1, quote + 24))) continue;
    if (quote === first) return first;
    if (chosen < 0) chosen = quote;
    else if (!endsInProtocol(line, chosen)) chosen = endsInProtocol(line, quote) ? quote : chosen;
    else if (endsInProtocol(line, quote)) {
      fields.ambiguous = ['status', 'bytes'];
      break;
    }
  }
  // A status that is none is one odd field, not a line that is none.
  return chosen < 0 ? first : chosen;
}

function endsInProtocol(line: string, end: number): boolean {
  return ENDS_IN_PROTOCOL.test(line.slice(Math.max(0, end - 10), end));
}

function unescapedQuote(line: string, from: number): number {
  let quote = line.indexOf('"', from);
  while (quote > 0 && isEscaped(line, quote, from)) quote = line.indexOf('"', quote + 1);
  return quote;
}

function isEscaped(line: string, at: number, from: number): boolean {
  let backslashes = 0;
  while (at - 1 - backslashes >= from && line.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return (backslashes & 1) === 1;
}

function closingBracket(line: string, from: number): number {
  if (line[from + USUAL_TIME - 1] === CLOSE_BRACKET) return from + USUAL_TIME - 1;
  const end = Math.min(line.length, from + LONGEST_TIME);
  for (let at = from; at < end; at++) if (line[at] === CLOSE_BRACKET) return at;
  return -1;
}

function notInFormat(line: string): LineRefusal {
  return new LineRefusal('not-in-format', `the line does not begin with a client and a user: ${shown(line)}`);
}

/** A user may have a bracket in the name, before that of the time. */
function isNested(line: string, open: number, close: number): boolean {
  return close - open !== USUAL_TIME && line.slice(open + 1, close).includes(OPEN_BRACKET);
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && !isSpace(line.charCodeAt(at))) at++;
  return at;
}

function skipSpaces(line: string, from: number): number {
  let at = from;
  while (isSpace(line.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
