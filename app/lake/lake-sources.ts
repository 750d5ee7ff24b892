import type { LakeSource } from '../../lake/sources.js';
import { TOPIC_ROLES, TOPICS } from '../../schemas/topics.js';

/** The topics that are stored, where they are there. */
export const LAKE_SOURCES: readonly LakeSource[] = TOPIC_ROLES.map((role) => {
  const { lakeKind: kind, name: topic, timeField } = TOPICS[role];
  return { kind, topic, timeField };
});
