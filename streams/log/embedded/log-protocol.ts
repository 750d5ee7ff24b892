import { z } from 'zod';

/** What a process asks of the one that owns the log. It changes with the format of batches, too. */
export const PROTOCOL_VERSION = 2;

const offset = z.number().int().nonnegative();
const partition = z.number().int().nonnegative();
const topic = z.string();
const topicPartition = z.object({ topic, partition });
const committed = z.object({ offset, metadata: z.string() });

/** In the frame's bytes, one after the other. */
const batchInBytes = z.object({ topic, partition, sizeBytes: z.number().int().positive() });

export const requestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('hello'), version: z.number() }),
  z.object({
    op: z.literal('ensureTopic'),
    topic,
    config: z.object({
      partitions: z.number(),
      cleanupPolicy: z.enum(['delete', 'compact']).optional(),
      retentionMs: z.number().optional(),
    }),
  }),
  z.object({ op: z.literal('offsets'), topicPartition }),
  // Until it is released, or the connection ends.
  z.object({ op: z.literal('claim'), group: z.string() }),
  z.object({ op: z.literal('release'), group: z.string() }),
  z.object({ op: z.literal('committed'), group: z.string(), topicPartition }),
  z.object({ op: z.literal('deleteRecords'), topicPartition, beforeOffset: z.number() }),
  z.object({
    op: z.literal('read'),
    positions: z.array(topicPartition.extend({ offset: z.number() })),
    maxWaitMs: z.number(),
  }),
  // A transaction comes in as many `stage` frames as it needs, which are not answered, and one `commit`.
  z.object({ op: z.literal('stage'), transaction: z.number(), batches: z.array(batchInBytes) }),
  z.object({
    op: z.literal('commit'),
    transaction: z.number(),
    offsets: z.array(z.object({ group: z.string(), topicPartition, committed })),
  }),
]);

export type LogRequest = z.infer<typeof requestSchema>;

/** Topic names and their numbers of partitions. */
export type TopicSizes = Readonly<Record<string, number>>;

/** What the requests are answered with; what is not here, with nothing. */
export interface LogResponses {
  hello: { readonly topics: TopicSizes };
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
