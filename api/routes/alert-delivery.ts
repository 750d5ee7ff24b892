import { z } from 'zod';
import { NotifyError } from '../../notify/notify-error.js';
import type { NotifyService } from '../../notify/notify-service.js';
import type { Kind } from '../../notify/settings.js';
import { notFound, Problem } from '../problems.js';
import type { Call } from '../route.js';
import type { Services } from '../services.js';

/** What the routes of alert delivery have in common. */
export const origin = z
  .enum(['file', 'edited'])
  .meta({ description: '`file`: of the file that --alerts names; not edited here.' });

export const testAnswer = z
  .object({
    ok: z.boolean(),
    said: z.string().meta({ description: 'What the receiver said, or what failed.' }),
    took_ms: z.number(),
  })
  .meta({ id: 'ChannelTest' });

export function notifyOf({ notify }: Services): NotifyService {
  if (notify === undefined) throw new Problem(503, 'no-alert-delivery', 'Alert delivery does not run in this server.');
  return notify;
}

/** What alert delivery refuses is a problem of the request. */
export async function asked<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotifyError)) throw error;
    const statuses = { NOTIFY_UNKNOWN: 404, NOTIFY_READ_ONLY: 409 } as const;
    const status = error.code === 'NOTIFY_UNKNOWN' || error.code === 'NOTIFY_READ_ONLY' ? statuses[error.code] : 422;
    throw new Problem(status, error.code.toLowerCase().replaceAll('_', '-'), error.message, { cause: error });
  }
}

export type Asked = Pick<Call<unknown, unknown, unknown>, 'visitor'>;

/** Whether it is there, of the file or edited. */
function isKnown({ settings }: NotifyService, kind: Kind, id: string): boolean {
  return settings.edited(kind).has(id) || settings.isOfFile(kind, id);
}

/** @throws Problem 404 */
export function requireKnown(services: Services, kind: Kind, id: string): void {
  if (!isKnown(notifyOf(services), kind, id)) throw notFound(kind, id);
}

/** Deletes what was edited, unless something else names it. */
export async function remove(
  call: Asked & { readonly params: { readonly id: string } },
  services: Services,
  kind: Kind,
): Promise<void> {
  const { settings } = notifyOf(services);
  const { id } = call.params;
  requireKnown(services, kind, id);
  const user = settings.userOf(kind, id);
  if (user !== undefined) throw new Problem(409, 'in-use', `The ${user} names the ${kind} "${id}"; change that first.`);
  await asked(() => settings.put(kind, id, null));
  services.audit(call.visitor, `${kind}.delete`, { id });
}

/** A name that leads nowhere would be silence. */
export function requireSchedules(services: Services, names: readonly string[]): void {
  const notify = notifyOf(services);
  const missing = names.find((name) => !isKnown(notify, 'schedule', name));
  if (missing !== undefined) throw new Problem(422, 'no-such-schedule', `There is no schedule "${missing}".`);
}
