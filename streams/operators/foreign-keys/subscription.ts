import { createHash } from 'node:crypto';
import type { Serde } from '../../serde/serde.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';

/**
 * What the right side does with a subscription (KIP-213), beside keeping or deleting it.
 *
 * - `delete`: deletes it, and answers nothing.
 * - `delete-and-answer`: deletes it, and answers that there is no row.
 * - `answer`: answers with the row, also when there is none.
 * - `answer-if-found`: answers when there is a row.
 */
export type Instruction = 'delete' | 'delete-and-answer' | 'answer' | 'answer-if-found';

/** From the left table to the right: a row refers, or refers no longer, to the row whose key the record has. */
export interface Subscription {
  readonly instruction: Instruction;
  /** Of the row's value; null for a row that is gone. */
  readonly hash: string | null;
  /** The bytes of the row's key, as latin1 text. */
  readonly identity: string;
  /** The one that the row is in. */
  readonly partition: number;
}

/** From the right table back to the row that the record has the key of. */
export interface SubscriptionResponse {
  /** What the subscription had: the response is for that value of the row alone. */
  readonly hash: string | null;
  /** Of the right row; null when there is none. */
  readonly value: unknown;
  /** Where the response goes. Not written, and so undefined where it is read. */
  readonly partition?: number;
}

const HASH_BYTES = 16;

/** By the byte that stands for them. */
const INSTRUCTIONS: readonly Instruction[] = ['delete', 'delete-and-answer', 'answer', 'answer-if-found'];

/** 128 bits of a value's bytes, as latin1 text. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest().toString('latin1', 0, HASH_BYTES);
}

/** The instruction, whether there is a hash, the partition, the hash, and the key. */
export const subscriptionSerde: Serde<Subscription> = {
  serialize: (_topic, { hash, identity, instruction, partition }) => {
    const head = Buffer.alloc(10);
    head[0] = INSTRUCTIONS.indexOf(instruction);
    head[1] = hash === null ? 0 : 1;
    const end = writeVarint(head, 2, partition);
    return Buffer.concat([head.subarray(0, end), Buffer.from((hash ?? '') + identity, 'latin1')]);
  },
  deserialize: (_topic, bytes, start, end) => {
    const instruction = INSTRUCTIONS[bytes[start] ?? -1];
    if (instruction === undefined) throw new RangeError(`a subscription begins with ${String(bytes[start])}`);
    const reader = new VarintReader(bytes);
    reader.position = start + 2;
    const partition = reader.next();
    const keyStart = reader.position + (bytes[start + 1] === 1 ? HASH_BYTES : 0);
    const hash = keyStart === reader.position ? null : bytes.toString('latin1', reader.position, keyStart);
    return { instruction, partition, hash, identity: bytes.toString('latin1', keyStart, end) };
  },
};

/** Whether there is a hash, whether there is a value, the hash, and the value. */
export function responseSerde(valueSerde: Serde<unknown>): Serde<SubscriptionResponse> {
  return {
    serialize: (topic, { hash, value }) => {
      const isFound = value !== null && value !== undefined;
      return Buffer.concat([
        Buffer.from([hash === null ? 0 : 1, isFound ? 1 : 0]),
        Buffer.from(hash ?? '', 'latin1'),
        isFound ? valueSerde.serialize(topic, value) : Buffer.alloc(0),
      ]);
    },
    deserialize: (topic, bytes, start, end) => {
      const valueStart = start + 2 + (bytes[start] === 1 ? HASH_BYTES : 0);
      const hash = bytes[start] === 1 ? bytes.toString('latin1', start + 2, valueStart) : null;
      const value = bytes[start + 1] === 1 ? valueSerde.deserialize(topic, bytes, valueStart, end) : null;
      return { hash, value };
    },
  };
}
