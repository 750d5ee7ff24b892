/**
 * Kafka's default partitioner: murmur2 of the key's bytes (org.apache.kafka.common.utils.Utils#murmur2), made positive,
 * modulo the number of partitions.
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** The signed 32-bit hash. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = SEED ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    hash = mix(hash, word);
  }
  const rest = length - i;
  if (rest >= 3) hash ^= (bytes[i + 2] as number) << 16;
  if (rest >= 2) hash ^= (bytes[i + 1] as number) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (bytes[i] as number), M);
  return finish(hash);
}

export function partitionForKey(key: Uint8Array, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(key) & 0x7fffffff) % partitions;
}

/** As `partitionForKey` of the string's UTF-8 bytes, without making them when they are ASCII. */
export function partitionForString(key: string, partitions: number): number {
  if (partitions === 1) return 0;
  const length = key.length;
  let hash = SEED ^ length;
  let seen = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const a = key.charCodeAt(i);
    const b = key.charCodeAt(i + 1);
    const c = key.charCodeAt(i + 2);
    const d = key.charCodeAt(i + 3);
    seen |= a | b | c | d;
    hash = mix(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  for (let k = i; k < length; k++) seen |= key.charCodeAt(k);
  if (seen > 0x7f) return partitionForKey(Buffer.from(key), partitions);
  const rest = length - i;
  if (rest >= 3) hash ^= key.charCodeAt(i + 2) << 16;
  if (rest >= 2) hash ^= key.charCodeAt(i + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ key.charCodeAt(i), M);
  return (finish(hash) & 0x7fffffff) % partitions;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, M);
  k ^= k >>> R;
  return Math.imul(hash, M) ^ Math.imul(k, M);
}

function finish(hash: number): number {
  let h = hash;
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
}
