import { readFileSync } from 'node:fs';
import { type Duration, toMilliseconds } from '@millrace/streams';
import { parse } from 'yaml';
import { z } from 'zod';
import { LABEL_NAMES } from './labels.js';
import { matcherOf } from './matchers.js';
import { NotifyError } from './notify-error.js';
import { scheduleOf } from './schedules.js';

/** A duration in milliseconds, or as a text such as `30s`, `5m`, `4h`. */
const duration = z.union([z.number(), z.string()]).transform((value, context) => {
  try {
    const ms = toMilliseconds(value as Duration, 'the duration');
    if (ms >= 0) return ms;
  } catch {
    // It is told below.
  }
  context.addIssue({ code: 'custom', message: `"${value}" is no duration such as 30s, 5m or 4h` });
  return z.NEVER;
});

const named = (what: string) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_. -]{0,99}$/, `a ${what} is named by letters, digits and . _ -`);

const matcher = z
  .string()
  .max(2000)
  .superRefine((text, context) => {
    try {
      matcherOf(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });
const matchers = z.array(matcher).max(50);

const url = z.url({ protocol: /^https?$/, message: 'it is an address such as https://example.com/hook' }).max(2000);
const headers = z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string().max(4000)).optional();
const secret = z.string().regex(/^whsec_[A-Za-z0-9+/=]{32,}$/, 'it is whsec_ and at least 24 bytes in base64');
const mailbox = z
  .string()
  .max(320)
  .regex(/^[^\r\n]+@[^\r\n]+$/, 'it is an address of mail');

const common = {
  name: named('channel'),
  /** Whether it is told of ends. */
  send_resolved: z.boolean().default(true),
};

/** Channels that anybody who may edit them may have. */
export const remoteChannel = z.discriminatedUnion('type', [
  z.object({ type: z.literal('webhook'), ...common, url, secret: secret.optional(), headers }),
  z.object({ type: z.literal('alertmanager'), ...common, url, headers }),
  z.object({ type: z.literal('alertmanager-webhook'), ...common, url, headers }),
  z.object({ type: z.literal('pagerduty'), ...common, routing_key: z.string().min(1).max(200), url: url.optional() }),
  z.object({ type: z.literal('slack'), ...common, url }),
  z.object({ type: z.literal('teams'), ...common, url }),
  z.object({
    type: z.literal('email'),
    ...common,
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535).default(587),
    security: z.enum(['tls', 'starttls', 'none']).default('starttls'),
    user: z.string().max(320).optional(),
    password: z.string().max(1000).optional(),
    from: mailbox,
    to: z.array(mailbox).min(1).max(50),
  }),
]);

/** A program of the machine: only who can write the file may have it run. */
const commandChannel = z.object({
  type: z.literal('command'),
  ...common,
  command: z.tuple([z.string().min(1)], z.string()),
  timeout: duration.optional(),
});

export const channelSchema = z.union([remoteChannel, commandChannel]);
export type ChannelConfig = z.output<typeof channelSchema>;

const timing = {
  group_by: z.array(z.enum([...LABEL_NAMES, '...'])).optional(),
  group_wait: duration.optional(),
  group_interval: duration.optional(),
  repeat_interval: duration.optional(),
};

const ownRoute = {
  ...timing,
  matchers: matchers.default([]),
  channels: z.array(z.string()).max(20).optional(),
  continue: z.boolean().default(false),
  mute_schedules: z.array(z.string()).optional(),
  active_schedules: z.array(z.string()).optional(),
};

/** A route that is edited: it is asked before those of the file, in the order of `position`. */
export const routeSchema = z.object({ id: named('route'), position: z.number().default(0), ...ownRoute });
export type EditedRoute = z.output<typeof routeSchema>;

export interface FileRoute extends Omit<EditedRoute, 'id' | 'position'> {
  readonly routes: readonly FileRoute[];
}

const fileRoute: z.ZodType<FileRoute> = z.strictObject({
  ...ownRoute,
  get routes() {
    return z.array(fileRoute).default([]);
  },
}) as unknown as z.ZodType<FileRoute>;

const scheduleFields = z.object({
  name: named('schedule'),
  cron: z.string().max(200),
  duration,
  time_zone: z.string().max(100).default('UTC'),
});

function requireTimes(
  { cron, duration: durationMs, time_zone: timeZone }: Omit<z.output<typeof scheduleFields>, 'name'>,
  context: z.RefinementCtx,
): void {
  try {
    scheduleOf({ cron, durationMs, timeZone });
  } catch (error) {
    context.addIssue({ code: 'custom', path: ['cron'], message: (error as Error).message });
  }
}

export const scheduleSchema = scheduleFields.superRefine(requireTimes);
/** A schedule whose name is known. */
export const scheduleBody = scheduleFields.omit({ name: true }).superRefine(requireTimes);
export type ScheduleConfig = z.output<typeof scheduleSchema>;

const time = z.union([z.number(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))]);

export const silenceSchema = z.object({
  id: named('silence'),
  matchers: matchers.min(1),
  from: time.default(0),
  until: time.nullable().default(null),
  /** The name of a schedule: it is silent in its times only. */
  schedule: z.string().nullable().default(null),
  reason: z.string().max(2000).default(''),
  by: z.string().max(200).default(''),
});
export type SilenceConfig = z.output<typeof silenceSchema>;

const fileInhibition = z.strictObject({
  source_matchers: matchers.min(1),
  target_matchers: matchers.min(1),
  equal: z.array(z.enum(LABEL_NAMES)).default([]),
});
export const inhibitionSchema = fileInhibition.extend({ id: named('inhibition') });
export type InhibitionConfig = z.output<typeof inhibitionSchema>;

export const flappingSchema = z.strictObject({
  changes: z.int().min(2).max(100).default(4),
  within: duration.default(600_000),
  stable: duration.default(600_000),
});
export type FlappingConfig = z.output<typeof flappingSchema>;

/** What a file of alert delivery holds. */
export const fileSchema = z.strictObject({
  dashboard_url: url.optional(),
  tenant: z.string().max(100).default(''),
  /** Hosts, addresses and networks that channels may call though they are not public. */
  allow: z.array(z.string().max(300)).default([]),
  channels: z.array(channelSchema).max(200).default([]),
  route: fileRoute.optional(),
  inhibit_rules: z.array(fileInhibition).max(200).default([]),
  schedules: z.array(scheduleSchema).max(200).default([]),
  silences: z.array(silenceSchema).max(1000).default([]),
  flapping: flappingSchema.optional(),
});
export type FileConfig = z.output<typeof fileSchema>;

export const NO_FILE: FileConfig = fileSchema.parse({});

/** Reads what is given to `--alerts`: YAML or JSON. @throws NotifyError NOTIFY_CONFIG */
export function readAlertsFile(file: string): FileConfig {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new NotifyError('NOTIFY_CONFIG', `--alerts: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { data, error } = fileSchema.safeParse(value ?? {});
  if (data === undefined) {
    const said = error.issues.map(({ message, path }) => `${path.join('.') || 'the file'}: ${message}`);
    throw new NotifyError('NOTIFY_CONFIG', `--alerts: ${file}: ${said.join('; ')}`);
  }
  requireKnown(data, file);
  return data;
}

/** The file that `--webhook URL` stands for: every incident is told there, at once. */
export function webhookFile(address: string): FileConfig {
  const { data } = url.safeParse(address);
  if (data === undefined) {
    throw new NotifyError('NOTIFY_CONFIG', `--webhook: ${address} is no address such as https://example.com/hook`);
  }
  return fileSchema.parse({
    // Who can start programs here may call what is here.
    allow: [new URL(address).hostname.replace(/^\[(.*)\]$/, '$1')],
    channels: [{ name: 'webhook', type: 'webhook', url: address }],
    route: { channels: ['webhook'], group_wait: 0, group_interval: 0 },
  });
}

/** Names that lead nowhere are a mistake, and would be silence. */
function requireKnown({ channels, route, schedules, silences }: FileConfig, file: string): void {
  const fail = (what: string): never => {
    throw new NotifyError('NOTIFY_CONFIG', `--alerts: ${file}: ${what}`);
  };
  const twice = (names: readonly string[]) => names.find((name, index) => names.indexOf(name) !== index);
  const channelNames = channels.map(({ name }) => name);
  const scheduleNames = schedules.map(({ name }) => name);
  const repeated = twice(channelNames) ?? twice(scheduleNames) ?? twice(silences.map(({ id }) => id));
  if (repeated !== undefined) fail(`"${repeated}" is there twice`);
  const visit = (one: FileRoute): void => {
    const channel = one.channels?.find((name) => !channelNames.includes(name));
    if (channel !== undefined) fail(`a route names the channel "${channel}", which is not there`);
    const schedule = [...(one.mute_schedules ?? []), ...(one.active_schedules ?? [])].find(
      (name) => !scheduleNames.includes(name),
    );
    if (schedule !== undefined) fail(`a route names the schedule "${schedule}", which is not there`);
    one.routes.forEach(visit);
  };
  if (route !== undefined) visit(route);
  const silence = silences.find(({ schedule }) => schedule !== null && !scheduleNames.includes(schedule));
  if (silence !== undefined)
    fail(`the silence "${silence.id}" names the schedule "${silence.schedule}", which is not there`);
}
