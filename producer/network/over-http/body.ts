import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { CompressionError, decompressed } from '../../decompress.js';
import { HttpRefusal } from './http-call.js';

const gunzipAll = promisify(gunzip);
const inflateAll = promisify(inflate);

const MIB = 1024 * 1024;

export interface BodyLimits {
  /** Of one body, as it is sent. */
  readonly sentBytes: number;
  /** Of one body, decompressed. */
  readonly bytes: number;
  /** Of all bodies that are being read and processed. */
  readonly allBytes: number;
}

export const BODY_LIMITS: BodyLimits = { sentBytes: 16 * MIB, bytes: 64 * MIB, allBytes: 256 * MIB };

/** Reads bodies, within limits: what there is no memory for is to be sent again. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #held = 0;

  constructor(limits: BodyLimits = BODY_LIMITS) {
    this.#limits = limits;
  }

  /** Holds the memory of a body until it is released. */
  body(request: IncomingMessage): { read(): Promise<Buffer>; release(): void } {
    let held = 0;
    const hold = (bytes: number) => {
      if (this.#held + bytes > this.#limits.allBytes) {
        throw new HttpRefusal(429, 'too-many-bodies', 'Too much is being taken at this time; send it again.', 1);
      }
      this.#held += bytes;
      held += bytes;
    };
    return {
      read: () => this.#read(request, hold),
      release: () => {
        this.#held -= held;
        held = 0;
      },
    };
  }

  async #read(request: IncomingMessage, hold: (bytes: number) => void): Promise<Buffer> {
    const { sentBytes } = this.#limits;
    if (Number(request.headers['content-length'] ?? 0) > sentBytes) throw tooLarge(sentBytes, 'as it is sent');
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > sentBytes) throw tooLarge(sentBytes, 'as it is sent');
      hold(piece.length);
      pieces.push(piece);
    }
    const [only] = pieces;
    const sent = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    const body = await this.#decompressed(sent, encodingOf(request));
    if (body !== sent) hold(body.length);
    return body;
  }

  async #decompressed(sent: Buffer, encoding: string): Promise<Buffer> {
    const { bytes } = this.#limits;
    try {
      switch (encoding) {
        case '':
        case 'identity':
          return sent;
        case 'gzip':
        case 'x-gzip':
          return await gunzipAll(sent, { maxOutputLength: bytes });
        case 'deflate':
          return await inflateAll(sent, { maxOutputLength: bytes });
        case 'zstd':
          return await unzstd(sent, bytes);
      }
    } catch (cause) {
      if (cause instanceof HttpRefusal) throw cause;
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytes, 'decompressed');
      throw new HttpRefusal(400, 'damaged-body', `The body is no ${encoding}.`, undefined, { cause });
    }
    throw new HttpRefusal(
      415,
      'unknown-encoding',
      `The body is ${encoding}; it may be gzip, deflate or zstd, or neither.`,
    );
  }
}

function encodingOf({ headers }: IncomingMessage): string {
  return String(headers['content-encoding'] ?? '')
    .trim()
    .toLowerCase();
}

/** @throws CompressionError, HttpRefusal */
async function unzstd(sent: Buffer, mostBytes: number): Promise<Buffer> {
  const inPieces = async function* () {
    for (let at = 0; at < sent.length; at += 64 * 1024) yield sent.subarray(at, at + 64 * 1024);
  };
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of decompressed('zstd', inPieces, false, mostBytes)) {
    size += piece.length;
    if (size > mostBytes) throw tooLarge(mostBytes, 'decompressed');
    pieces.push(piece);
  }
  if (size === 0 && sent.length > 0) throw new CompressionError(false, 'it is empty');
  return Buffer.concat(pieces);
}

function tooLarge(bytes: number, when: string): HttpRefusal {
  return new HttpRefusal(413, 'too-large', `The body has more than ${bytes / MIB} MiB, ${when}; send it in parts.`);
}
