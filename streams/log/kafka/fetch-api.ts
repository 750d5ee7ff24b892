import type { Reader, Writer as RequestWriter } from '@platformatic/kafka';
import type { TopicPartition } from '../log.js';
import { createAPI, Writer } from './protocol.js';

/** By topic names, and in every broker since Kafka 2.7. */
export const FETCH_VERSION = 12;
export const FETCH_KEY = 1;
const READ_COMMITTED = 1;
const UNKNOWN = -1;
const NO_SESSION = 0;
const SESSION_BYTES = 4;
/** Where the log starts. */
const START_BYTES = 8;
const PREFERRED_REPLICA_BYTES = 4;

export interface FetchRequest {
  /** How long the broker waits for `minBytes`, in milliseconds. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
  readonly partitions: readonly (TopicPartition & { readonly offset: number })[];
}

export interface FetchResponse {
  /** How long the broker asks to be left alone, in milliseconds. */
  readonly throttleMs: number;
  /** A code of Kafka's protocol; 0 is none. */
  readonly errorCode: number;
  readonly partitions: readonly PartitionResponse[];
}

export interface PartitionResponse extends TopicPartition {
  readonly errorCode: number;
  /** Where the partition ends for those who read all that is replicated. */
  readonly highWatermark: number;
  /** Where the first open transaction begins; the high watermark when there is none. */
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches, of which the last may be cut off. */
  readonly records: Buffer;
}

/** The producer's transactional records from this offset to its next control record count for nothing. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Kafka's Fetch request without a session, for committed records (https://kafka.apache.org/protocol#The_Messages_Fetch).
 * The records stay bytes: whoever reads them moves over them in place.
 */
export const fetchRecords = createAPI<[FetchRequest], FetchResponse>(
  FETCH_KEY,
  FETCH_VERSION,
  createRequest,
  (_correlationId, _key, _version, reader) => parseResponse(reader),
);

function createRequest({ maxBytes, maxWaitMs, minBytes, partitionMaxBytes, partitions }: FetchRequest): RequestWriter {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  return Writer.create()
    .appendInt32(UNKNOWN)
    .appendInt32(maxWaitMs)
    .appendInt32(minBytes)
    .appendInt32(maxBytes)
    .appendInt8(READ_COMMITTED)
    .appendInt32(NO_SESSION)
    .appendInt32(UNKNOWN)
    .appendArray(topics, (topicWriter, topic) => {
      const its = partitions.filter((partition) => partition.topic === topic);
      topicWriter.appendString(topic).appendArray(its, (writer, { offset, partition }) => {
        writer
          .appendInt32(partition)
          .appendInt32(UNKNOWN)
          .appendInt64(BigInt(offset))
          .appendInt32(UNKNOWN)
          .appendInt64(BigInt(UNKNOWN))
          .appendInt32(partitionMaxBytes);
      });
    })
    .appendArray([], () => {})
    .appendString('')
    .appendTaggedFields();
}

function parseResponse(reader: Reader): FetchResponse {
  const throttleMs = reader.readInt32();
  const errorCode = reader.readInt16();
  reader.skip(SESSION_BYTES);
  const partitions: PartitionResponse[] = [];
  readArray(reader, () => {
    const topic = reader.readString();
    readArray(reader, () => partitions.push(readPartition(reader, topic)));
  });
  return { throttleMs, errorCode, partitions };
}

function readPartition(reader: Reader, topic: string): PartitionResponse {
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  const highWatermark = Number(reader.readInt64());
  const lastStableOffset = Number(reader.readInt64());
  reader.skip(START_BYTES);
  const aborted: AbortedTransaction[] = [];
  readArray(reader, () => {
    const producerId = Number(reader.readInt64());
    aborted.push({ producerId, firstOffset: Number(reader.readInt64()) });
  });
  reader.skip(PREFERRED_REPLICA_BYTES);
  return { topic, partition, errorCode, highWatermark, lastStableOffset, aborted, records: reader.readBytes() };
}

/** Each element is followed by tagged fields, of which none is wanted here. */
function readArray(reader: Reader, readElement: () => void): void {
  // A length of 0 is null, one of 1 is none.
  for (let left = reader.readUnsignedVarInt() - 1; left > 0; left--) {
    readElement();
    for (let fields = reader.readUnsignedVarInt(); fields > 0; fields--) {
      reader.readUnsignedVarInt();
      reader.skip(reader.readUnsignedVarInt());
    }
  }
}
