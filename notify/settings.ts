import type { Log } from '@millrace/streams';
import type { z } from 'zod';
import {
  type ChannelConfig,
  type EditedRoute,
  type FileConfig,
  type FlappingConfig,
  flappingSchema,
  type InhibitionConfig,
  inhibitionSchema,
  remoteChannel,
  routeSchema,
  type ScheduleConfig,
  type SilenceConfig,
  scheduleSchema,
  silenceSchema,
} from './config.js';
import type { Rules } from './decider.js';
import { NotifyError } from './notify-error.js';
import { channelsOf, type Edited, rulesOf } from './rules.js';
import type { Secrets } from './secrets.js';
import { type JsonRecord, NOTIFY_TOPICS } from './topics.js';

/** A kind of thing that can be edited. */
export type Kind = 'channel' | 'route' | 'silence' | 'schedule' | 'inhibition' | 'flapping';
/** The name of what there is one of. */
export const FLAPPING = 'rule';

interface Values {
  readonly channel: ChannelConfig;
  readonly route: EditedRoute;
  readonly silence: SilenceConfig;
  readonly schedule: ScheduleConfig;
  readonly inhibition: InhibitionConfig;
  readonly flapping: FlappingConfig;
}

/** The file's settings and those that were edited, which are in a topic that all processes read. */
export class Settings {
  #file: FileConfig;
  readonly #log: Log;
  readonly #secrets: Secrets;
  readonly #edited = {
    channel: new Map<string, ChannelConfig>(),
    route: new Map<string, EditedRoute>(),
    silence: new Map<string, SilenceConfig>(),
    schedule: new Map<string, ScheduleConfig>(),
    inhibition: new Map<string, InhibitionConfig>(),
    flapping: new Map<string, FlappingConfig>(),
  };
  /** Called when they have changed. */
  onChange: () => void = () => {};

  constructor(log: Log, file: FileConfig, secrets: Secrets) {
    this.#log = log;
    this.#file = file;
    this.#secrets = secrets;
  }

  get file(): FileConfig {
    return this.#file;
  }

  /** Takes another file in place of the one before. */
  useFile(file: FileConfig): void {
    this.#file = file;
    this.onChange();
  }

  get channels(): ReadonlyMap<string, ChannelConfig> {
    return channelsOf(this.file, this.#all);
  }

  /** What was edited of a kind. */
  edited<K extends Kind>(kind: K): ReadonlyMap<string, Values[K]> {
    return this.#edited[kind] as unknown as ReadonlyMap<string, Values[K]>;
  }

  rules(isDisabled: (channel: ChannelConfig) => boolean): Rules {
    return rulesOf(this.file, this.#all, isDisabled);
  }

  /** Whether a thing is of the file, and so cannot be edited. */
  isOfFile(kind: Kind, name: string): boolean {
    const { channels, flapping, inhibit_rules: inhibitions, schedules, silences } = this.file;
    switch (kind) {
      case 'channel':
        return channels.some((one) => one.name === name);
      case 'schedule':
        return schedules.some((one) => one.name === name);
      case 'silence':
        return silences.some((one) => one.id === name);
      case 'inhibition':
        return inhibitions.some((_, index) => name === `file-${index}`);
      case 'flapping':
        return flapping !== undefined;
      case 'route':
        return false;
    }
  }

  /** What was edited that names a thing, in words; undefined: nothing does. */
  userOf(kind: Kind, name: string): string | undefined {
    if (kind !== 'channel' && kind !== 'schedule') return undefined;
    for (const {
      active_schedules: active = [],
      channels = [],
      id,
      mute_schedules: mute = [],
    } of this.#edited.route.values()) {
      if ((kind === 'channel' ? channels : [...active, ...mute]).includes(name)) return `route "${id}"`;
    }
    if (kind === 'channel') return undefined;
    const silence = [...this.#edited.silence.values()].find(({ schedule }) => schedule === name);
    return silence === undefined ? undefined : `silence "${silence.id}"`;
  }

  /** What has been read of the topic; what cannot be used any more is as good as not there. */
  read({ key, value }: JsonRecord): void {
    const [, kind, name] = /^(channel|route|silence|schedule|inhibition|flapping)\/(.+)$/s.exec(key) ?? [];
    if (kind === undefined || name === undefined) return;
    const things = this.#edited[kind as Kind] as Map<string, Values[Kind]>;
    const parsed = value === null ? undefined : this.#parsed(kind as Kind, value);
    if (parsed === undefined) things.delete(name);
    else things.set(name, parsed);
    this.onChange();
  }

  /** Resolves when it is kept. @throws NotifyError NOTIFY_READ_ONLY, NOTIFY_SECRET; LogError */
  async put<K extends Kind>(kind: K, name: string, value: Values[K] | null): Promise<void> {
    if (this.isOfFile(kind, name)) {
      throw new NotifyError(
        'NOTIFY_READ_ONLY',
        `the ${kind} "${name}" is of the file that --alerts names; edit it there`,
      );
    }
    const written = value !== null && kind === 'channel' ? { sealed: this.#secrets.seal(value) } : value;
    const transaction = this.#log.transaction();
    const bytes = written === null ? null : Buffer.from(JSON.stringify(written));
    transaction.append(NOTIFY_TOPICS.config, 0, Date.now(), Buffer.from(`${kind}/${name}`), bytes);
    await transaction.commit();
    this.read({ key: `${kind}/${name}`, value: written });
  }

  get #all(): Edited {
    const { channel, flapping, inhibition, route, schedule, silence } = this.#edited;
    return {
      ...{ channels: channel, routes: route, schedules: schedule, silences: silence, inhibitions: inhibition },
      flapping: flapping.get(FLAPPING),
    };
  }

  #parsed(kind: Kind, value: unknown): Values[Kind] | undefined {
    try {
      const opened = kind === 'channel' ? this.#secrets.open((value as { readonly sealed: string }).sealed) : value;
      return SCHEMAS[kind].safeParse(opened).data;
    } catch {
      // Kept with a key that is gone.
      return undefined;
    }
  }
}

const SCHEMAS: { readonly [K in Kind]: z.ZodType<Values[K]> } = {
  channel: remoteChannel,
  route: routeSchema,
  silence: silenceSchema,
  schedule: scheduleSchema,
  inhibition: inhibitionSchema,
  flapping: flappingSchema,
};
