import { z } from 'zod';

/** What a process asks of the one that owns the log. It changes with the format of batches, too. */
export const PROTOCOL_VERSION = 3;

const offset = z.number().int().nonnegative();
const partition = z.number().int().nonnegative();
const topic = z.string().max(249);
/** Its bytes are part of a key, in which a zero ends it. */
const group = z
  .string()
  .max(1000)
  .regex(/^[^\0]*$/);
const secretText = z.string().max(200);
const MAX_POSITIONS = 4096;
const MAX_BATCHES = 100_000;
const MAX_METADATA_LENGTH = 1_000_000;
const topicPartition = z.object({ topic, partition });
const committed = z.object({ offset, metadata: z.string().max(MAX_METADATA_LENGTH) });

/** In the frame's bytes, one after the other. */
const batchInBytes = z.object({ topic, partition, sizeBytes: z.number().int().positive() });

export const requestSchema = z.discriminatedUnion('op', [
  // At first the two show each other that they know the secret of the directory; only then anything else is answered.
  z.object({ op: z.literal('hello'), version: z.number(), nonce: secretText }),
  z.object({ op: z.literal('prove'), proof: secretText }),
  z.object({
    op: z.literal('ensureTopic'),
    topic,
    config: z.object({
      partitions: z.number(),
      cleanupPolicy: z.enum(['delete', 'compact']).optional(),
      retentionMs: z.number().optional(),
      retentionBytes: z.number().optional(),
    }),
  }),
  z.object({ op: z.literal('offsets'), topicPartition }),
  // Until it is released, or the connection ends.
  z.object({ op: z.literal('claim'), group }),
  z.object({ op: z.literal('release'), group }),
  z.object({ op: z.literal('committed'), group, topicPartition }),
  z.object({ op: z.literal('deleteRecords'), topicPartition, beforeOffset: z.number() }),
  z.object({
    op: z.literal('read'),
    positions: z.array(topicPartition.extend({ offset: z.number() })).max(MAX_POSITIONS),
    maxWaitMs: z.number(),
  }),
  // A transaction comes in as many `stage` frames as it needs, which are not answered, and one `commit`.
  z.object({ op: z.literal('stage'), transaction: z.number(), batches: z.array(batchInBytes).max(MAX_BATCHES) }),
  z.object({
    op: z.literal('commit'),
    transaction: z.number(),
    offsets: z.array(z.object({ group, topicPartition, committed })).max(MAX_BATCHES),
    expected: z.array(z.object({ topicPartition, offset })).max(MAX_POSITIONS),
  }),
]);

export type LogRequest = z.infer<typeof requestSchema>;

/** Topic names and their numbers of partitions. */
export type TopicSizes = Readonly<Record<string, number>>;

/** What the requests are answered with; what is not here, with nothing. */
export interface LogResponses {
  hello: { readonly nonce: string; readonly proof: string };
  prove: { readonly topics: TopicSizes };
  ensureTopic: { readonly topics: TopicSizes };
  offsets: { readonly startOffset: number; readonly endOffset: number };
  committed: { readonly committed?: z.infer<typeof committed> | undefined };
  claim: null;
  release: null;
  deleteRecords: null;
  /** The batches' bytes follow. */
  read: {
    readonly batches: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly baseOffset: number;
      readonly sizeBytes: number;
    }[];
  };
  commit: { readonly endOffsets: readonly (z.infer<typeof topicPartition> & { readonly endOffset: number })[] };
}

export type LogResponse =
  | { readonly ok: LogResponses[keyof LogResponses] }
  | { readonly error: { readonly code: string; readonly message: string } }
  /** Sent unasked, when a topic was made. */
  | { readonly topics: TopicSizes };
