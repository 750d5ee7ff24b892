import { MillraceError } from '../../errors.js';

/**
 * What goes over the socket between the process that owns a log and one that uses it: frames of
 * `length of the rest (4 bytes) | request id (4) | length of the message (4) | message as JSON | bytes`,
 * numbers big-endian. Batches of records travel as they are stored, one after the other, in the bytes at the end.
 */
const PREFIX_BYTES = 12;

export interface Frame {
  /** A response has its request's; 0 is the server's own. */
  readonly id: number;
  readonly message: unknown;
  readonly bytes: Buffer;
}

/** The parts of a frame, to be written one after the other. */
export function encodeFrame(id: number, message: unknown, bytes: readonly Buffer[] = []): Buffer[] {
  const json = Buffer.from(JSON.stringify(message));
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  const size = bytes.reduce((sum, { length }) => sum + length, 0);
  prefix.writeUInt32BE(PREFIX_BYTES - 4 + json.length + size, 0);
  prefix.writeUInt32BE(id, 4);
  prefix.writeUInt32BE(json.length, 8);
  return [Buffer.concat([prefix, json]), ...bytes];
}

/** The bytes that came are no frames. */
export class FrameError extends MillraceError<'NOT_FRAMES'> {
  constructor(message: string, options?: ErrorOptions) {
    super('NOT_FRAMES', message, options);
  }
}

/** Cuts what a socket receives into frames. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #received = 0;
  /** The size of the frame that is coming, with its length; 0 when that is not known. */
  #expected = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws FrameError */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    for (;;) {
      if (this.#expected === 0) {
        if (this.#received < PREFIX_BYTES) return;
        this.#expected = 4 + this.#take(4, false).readUInt32BE(0);
        if (this.#expected < PREFIX_BYTES || this.#expected > this.#maxBytes) {
          throw new FrameError(`a frame of ${this.#expected} bytes; at most ${this.#maxBytes} are taken`);
        }
      }
      if (this.#received < this.#expected) return;
      const frame = this.#take(this.#expected, true);
      this.#expected = 0;
      yield decodeFrame(frame);
    }
  }

  #take(size: number, remove: boolean): Buffer {
    let first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length < size) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    if (remove) {
      this.#received -= size;
      if (first.length === size) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(size);
    }
    return first.subarray(0, size);
  }
}

function decodeFrame(frame: Buffer): Frame {
  const jsonEnd = PREFIX_BYTES + frame.readUInt32BE(8);
  if (jsonEnd > frame.length) throw new FrameError(`a message of ${jsonEnd} bytes in a frame of ${frame.length}`);
  try {
    return {
      id: frame.readUInt32BE(4),
      message: JSON.parse(frame.toString('utf8', PREFIX_BYTES, jsonEnd)) as unknown,
      bytes: frame.subarray(jsonEnd),
    };
  } catch (cause) {
    throw new FrameError('a message that is no JSON', { cause });
  }
}
