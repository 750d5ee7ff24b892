import type { Command } from 'commander';
import { ALL_OTHER_TOPICS, type RetentionByTopic } from '../../app/log/retention.js';
import { positiveDuration } from './duration.js';
import { byteSize, parsedBy } from './options.js';
import { repeatableOption } from './repeatable-option.js';

export function addRetention(command: Command): Command {
  return command
    .addOption(
      repeatableOption(
        '--retention <[topic=]age>',
        'how long records are kept, such as 30d or test-inter=12h; repeatable (default: 7 days, or the ' +
          "topic's setting)",
        (text, before?: RetentionByTopic) => withTopic(text, before, parsedBy(positiveDuration)),
      ),
    )
    .addOption(
      repeatableOption(
        '--retention-size <[topic=]size>',
        'how many bytes a partition keeps at least, such as 10GB; repeatable (default: all, or the ' +
          "topic's setting)",
        (text, before?: RetentionByTopic) => withTopic(text, before, byteSize),
      ),
    );
}

function withTopic(
  text: string,
  before: RetentionByTopic | undefined,
  parse: (text: string) => number,
): RetentionByTopic {
  const [, topic = ALL_OTHER_TOPICS, value = ''] = /^(?:([\w.-]+)=)?(.*)$/.exec(text) ?? [];
  return { ...before, [topic]: parse(value) };
}
