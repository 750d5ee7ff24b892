import type { TopicConfig } from '@millrace/streams';
import type { Command } from 'commander';
import { positiveDuration } from '../../cli/options/duration.js';
import { byteSize, parsedBy } from '../../cli/options/options.js';

/** Under the name of a topic, or of all others. */
type ByTopic = Readonly<Record<string, number>>;

const ALL_OTHERS = '';
const DEFAULT_MS = 7 * 86_400_000;

/** How long, and how much, the topics keep of what they get. */
export interface RetentionOptions {
  readonly retention?: ByTopic;
  readonly retentionSize?: ByTopic;
}

export function addRetention(command: Command): Command {
  return command
    .option(
      '--retention <[topic=]age>',
      'how long records are kept, such as 30d or test-inter=12h; repeatable (default: 7 days, or what the topic has)',
      (text, before?: ByTopic) => withTopic(text, before, parsedBy(positiveDuration)),
    )
    .option(
      '--retention-size <[topic=]size>',
      'how much a partition keeps at least, such as 10GB; repeatable (default: all, or what the topic has)',
      (text, before?: ByTopic) => withTopic(text, before, byteSize),
    );
}

/** What a topic is to be made with, or changed to. */
export function retentionOf(
  topic: string,
  { retention, retentionSize }: RetentionOptions,
  isNew: boolean,
): Pick<TopicConfig, 'retentionBytes' | 'retentionMs'> {
  const retentionMs = retention?.[topic] ?? retention?.[ALL_OTHERS] ?? (isNew ? DEFAULT_MS : undefined);
  const retentionBytes = retentionSize?.[topic] ?? retentionSize?.[ALL_OTHERS];
  return {
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
  };
}

function withTopic(text: string, before: ByTopic | undefined, parse: (text: string) => number): ByTopic {
  const [, topic = ALL_OTHERS, value = ''] = /^(?:([\w.-]+)=)?(.*)$/.exec(text) ?? [];
  return { ...before, [topic]: parse(value) };
}
