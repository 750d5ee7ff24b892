/** A message as it came: the bytes that were kept, and how many there were. */
export interface Message {
  readonly bytes: Buffer;
  readonly length: number;
}

/** What is kept of a message. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const LESS = 0x3c;
const NO_BYTES = Buffer.alloc(0);
const MAX_DIGITS = 9;

/**
 * Cuts what comes over TCP into messages, by both framings of RFC 6587: a number of octets before a message, or a newline
 * behind it. Each message says by its first characters which it has.
 */
export class SyslogFramer {
  readonly #mostBytes: number;
  /** What is of no whole message yet. */
  #rest: Buffer = NO_BYTES;
  /** Bytes of a message that are passed over, and what it is that they are of. */
  #skipping: { kept: Buffer; length: number; left: number | 'to newline' } | undefined;

  constructor(mostBytes = MAX_MESSAGE_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** The messages that end in this piece. They are views on it. */
  push(piece: Buffer): Message[] {
    const messages: Message[] = [];
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = NO_BYTES;
    while (bytes.length > 0) {
      const left = this.#skipping === undefined ? this.#next(bytes, messages) : this.#skip(bytes, messages);
      if (left === undefined) {
        this.#rest = Buffer.from(bytes);
        break;
      }
      bytes = left;
    }
    return messages;
  }

  /** The end of the connection: a message may lack its newline. What lacks octets of its count is no whole message. */
  end(): Message[] {
    const rest = this.#rest;
    const skipping = this.#skipping;
    this.#rest = NO_BYTES;
    this.#skipping = undefined;
    if (skipping !== undefined) {
      return skipping.left === 'to newline' ? [{ bytes: skipping.kept, length: skipping.length }] : [];
    }
    return rest.length === 0 || countOf(rest) !== undefined ? [] : some(rest);
  }

  /** What stands behind the next message; undefined where there is no whole one. */
  #next(bytes: Buffer, messages: Message[]): Buffer | undefined {
    const count = countOf(bytes);
    if (count === 'unknown') return undefined;
    if (count !== undefined) {
      const end = count.at + count.octets;
      if (end <= bytes.length) {
        messages.push(...some(bytes.subarray(count.at, end)));
        return bytes.subarray(end);
      }
      const there = bytes.subarray(count.at);
      if (there.length < this.#mostBytes || count.octets <= this.#mostBytes) return undefined;
      const kept = Buffer.from(there.subarray(0, this.#mostBytes));
      this.#skipping = { kept, length: count.octets, left: count.octets - there.length };
      return NO_BYTES;
    }
    const newline = bytes.indexOf(NEWLINE);
    if (newline >= 0) {
      messages.push(...some(bytes.subarray(0, newline)));
      return bytes.subarray(newline + 1);
    }
    if (bytes.length <= this.#mostBytes) return undefined;
    this.#skipping = {
      kept: Buffer.from(bytes.subarray(0, this.#mostBytes)),
      length: bytes.length,
      left: 'to newline',
    };
    return NO_BYTES;
  }

  #skip(bytes: Buffer, messages: Message[]): Buffer {
    const skipping = this.#skipping;
    if (skipping === undefined) return bytes;
    if (skipping.left === 'to newline') {
      const newline = bytes.indexOf(NEWLINE);
      skipping.length += newline < 0 ? bytes.length : newline;
      if (newline < 0) return NO_BYTES;
      this.#skipping = undefined;
      messages.push({ bytes: skipping.kept, length: skipping.length });
      return bytes.subarray(newline + 1);
    }
    const skipped = Math.min(skipping.left, bytes.length);
    skipping.left -= skipped;
    if (skipping.left === 0) {
      this.#skipping = undefined;
      messages.push({ bytes: skipping.kept, length: skipping.length });
    }
    return bytes.subarray(skipped);
  }
}

/** A message without what senders put at its end; none where nothing is left. */
export function some(bytes: Buffer): Message[] {
  let end = bytes.length;
  for (; end > 0; end--) {
    const last = bytes[end - 1];
    if (last !== NEWLINE && last !== RETURN && last !== 0) break;
  }
  return end === 0 ? [] : [{ bytes: bytes.subarray(0, end), length: end }];
}

/**
 * The count of octets that a message begins with: digits, a space, and then a message, which begins with `<`. A line may
 * begin with digits, too.
 *
 * @returns undefined where there is none, `unknown` where the bytes do not say yet
 */
function countOf(bytes: Buffer): { readonly at: number; readonly octets: number } | 'unknown' | undefined {
  let at = 0;
  let octets = 0;
  for (; at < bytes.length && at < MAX_DIGITS; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9 || (at === 0 && digit === 0)) break;
    octets = octets * 10 + digit;
  }
  if (at === 0) return undefined;
  if (at === bytes.length) return 'unknown';
  if (bytes[at] !== SPACE) return undefined;
  if (at + 1 === bytes.length) return 'unknown';
  return bytes[at + 1] === LESS ? { at: at + 1, octets } : undefined;
}
