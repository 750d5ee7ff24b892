import { TOPIC_IDS, topicEntry } from '../../schemas/topics.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { AppError } from '../app-error.js';

const APART = '-events';

/**
 * The configuration, with topics of our own that no source has: where others fill a topic that has the name of one of events,
 * the events go to another one, `test-inter-events` beside `test-inter`.
 *
 * @throws AppError SOURCE_TOPIC when a source is a topic that results are written to
 */
export function besideSources(config: ApplicationConfig, sources: readonly string[]): ApplicationConfig {
  const topics: Record<string, string> = { ...config.topics };
  for (const id of TOPIC_IDS) {
    const name = config.topics[id];
    if (!sources.includes(name)) continue;
    if (topicEntry(id).role !== 'raw') {
      throw new AppError('SOURCE_TOPIC', `${name} is a topic that results are written to; it cannot be a source, too`);
    }
    topics[id] = `${name}${APART}`;
  }
  return { ...config, topics: topics as ApplicationConfig['topics'] };
}
