import { z } from 'zod';
import { type Resource, route } from '../route.js';
import type { Services } from '../services.js';

/** What instances say of themselves, as the topic `pipeline-status` has it. */
const instanceStatus = z
  .object({ instance: z.string(), application: z.string(), time: z.number(), state: z.string() })
  .catchall(z.unknown())
  .meta({ id: 'InstanceStatus', description: 'A record of the topic `pipeline-status`.' });
type InstanceStatus = z.output<typeof instanceStatus>;

function statusOf({ live }: Services): InstanceStatus[] {
  return live.status.flatMap((one) => instanceStatus.safeParse(one).data ?? []);
}

export const pipeline: Resource = {
  name: 'pipeline',
  description: 'The running topology, as its instances tell of it in the topic `pipeline-status`.',
  routes: [
    route({
      method: 'get',
      path: '/topology',
      summary: 'The topology that runs, and the instances that run it',
      role: 'viewer',
      answer: z.object({
        instances: z.array(
          z.object({ instance: z.string(), application: z.string(), time: z.number(), state: z.string() }),
        ),
        topology: z
          .unknown()
          .meta({ description: 'As `millrace describe --json` has it; null where no instance runs.' }),
      }),
      handle(_, services) {
        const instances = statusOf(services);
        return {
          instances: instances.map(({ application, instance, state, time }) => ({
            application,
            instance,
            state,
            time,
          })),
          topology: instances.find(({ topology }) => topology !== undefined)?.['topology'] ?? null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/topology/metrics',
      summary: 'What each instance has done since its start, by node, partition and store',
      role: 'viewer',
      answer: z.object({ items: z.array(instanceStatus) }),
      handle: (_, services) => ({
        items: statusOf(services).map(({ topology: _topology, ...status }) => status as InstanceStatus),
      }),
    }),
  ],
};
