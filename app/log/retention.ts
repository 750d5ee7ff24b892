import type { TopicConfig } from '@millrace/streams';

/** Milliseconds or bytes, under the name of a topic or of all others. */
export type RetentionByTopic = Readonly<Record<string, number>>;

export const ALL_OTHER_TOPICS = '';

/** How long, and how much, the topics keep of what they get. */
export interface RetentionOptions {
  readonly retention?: RetentionByTopic;
  readonly retentionSize?: RetentionByTopic;
}

/** What a topic is to be made with, or changed to. @param byDefault milliseconds; undefined: as the topic has it */
export function retentionOf(
  topic: string,
  { retention, retentionSize }: RetentionOptions,
  byDefault: number | undefined,
): Pick<TopicConfig, 'retentionBytes' | 'retentionMs'> {
  const retentionMs = retention?.[topic] ?? retention?.[ALL_OTHER_TOPICS] ?? byDefault;
  const retentionBytes = retentionSize?.[topic] ?? retentionSize?.[ALL_OTHER_TOPICS];
  return {
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
  };
}
