import { toMilliseconds } from '@millrace/streams';
import { z } from 'zod';
import { shownLimits } from '../pipeline-rules.js';
import { type Resource, route } from '../route.js';

const kept = z.object({
  topic: z.string().nullable().meta({ description: 'Null: all others.' }),
  age_ms: z.number().nullable(),
  size_bytes: z.number().nullable(),
});

export const settings: Resource = {
  name: 'settings',
  description: 'What the pipeline goes by. It is set by options, files and the environment, not here.',
  routes: [
    route({
      method: 'get',
      path: '/settings',
      summary: 'Limits of detectors, what is left out of events, and how long is kept',
      description:
        'Of the pipeline that has started this server. A server that was started alone, by `millrace serve`, does not know: `known` is false. Secrets and addresses of clients are not in it.',
      role: 'viewer',
      answer: z.object({
        known: z.boolean(),
        limits: z.array(
          z.object({
            detector: z.string(),
            of: z.string(),
            most: z.number().nullable().meta({ description: 'Null: what the past of each entity makes unlikely.' }),
            unit: z.string().nullable(),
            window_ms: z.number().nullable().meta({ description: 'Null: of each reading, or of all.' }),
            setting: z.string().meta({ description: 'The option that sets it.' }),
          }),
        ),
        excluded_clients: z.int().meta({ description: 'How many addresses and networks make no incident.' }),
        grace_ms: z.number().meta({ description: 'How late a record may be and still count.' }),
        mask: z.array(z.string()).meta({ description: 'Such as `client_ip=/24`.' }),
        drop: z.array(z.string()).meta({ description: 'Fields that are left out of events.' }),
        retention: z.array(kept).meta({ description: 'Of topics whose setting was given.' }),
        lake: kept.omit({ topic: true }).nullable(),
      }),
      handle(_call, { config, rules }) {
        if (rules === undefined) {
          const nothing = { limits: [], mask: [], drop: [], retention: [], lake: null };
          return { known: false, excluded_clients: 0, grace_ms: 0, ...nothing };
        }
        const { drop, lake, mask, retention, retentionSize } = rules;
        const topics = [...new Set([...Object.keys(retention), ...Object.keys(retentionSize)])].sort();
        return {
          known: true,
          limits: shownLimits(config),
          excluded_clients: config.abuse.excludedClients.length,
          grace_ms: toMilliseconds(config.grace, 'the grace'),
          mask: [...mask],
          drop: [...drop],
          retention: topics.map((topic) => ({
            topic: topic === '' ? null : topic,
            age_ms: retention[topic] ?? null,
            size_bytes: retentionSize[topic] ?? null,
          })),
          lake: lake === undefined ? null : { age_ms: lake.ageMs, size_bytes: lake.sizeBytes },
        };
      },
    }),
  ],
};
