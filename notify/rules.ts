import type {
  ChannelConfig,
  EditedRoute,
  FileConfig,
  FileRoute,
  FlappingConfig,
  InhibitionConfig,
  ScheduleConfig,
  SilenceConfig,
} from './config.js';
import type { Rules } from './decider.js';
import { DEFAULT_FLAPPING, type FlappingRule } from './flapping.js';
import { inhibitionOf } from './inhibition.js';
import { DEFAULT_TIMING, type RouteSpec, routeOf } from './routing.js';
import { type Schedule, type ScheduleSpec, scheduleOf } from './schedules.js';
import { silenceOf } from './silences.js';

/** What was edited while it runs. */
export interface Edited {
  readonly channels: ReadonlyMap<string, ChannelConfig>;
  readonly routes: ReadonlyMap<string, EditedRoute>;
  readonly silences: ReadonlyMap<string, SilenceConfig>;
  readonly schedules: ReadonlyMap<string, ScheduleConfig>;
  readonly inhibitions: ReadonlyMap<string, InhibitionConfig>;
  readonly flapping: FlappingConfig | undefined;
}

/** All channels; those of the file cannot be edited, and win. */
export function channelsOf(file: FileConfig, edited: Edited): ReadonlyMap<string, ChannelConfig> {
  return new Map([...edited.channels, ...file.channels.map((one) => [one.name, one] as const)]);
}

/** What decides: the file, and what was edited. */
export function rulesOf(file: FileConfig, edited: Edited, isDisabled: (channel: ChannelConfig) => boolean): Rules {
  const channels = channelsOf(file, edited);
  const specs = new Map<string, ScheduleSpec>();
  for (const { cron, duration, name, time_zone } of [...edited.schedules.values(), ...file.schedules]) {
    specs.set(name, { cron, durationMs: duration, timeZone: time_zone });
  }
  const schedules = new Map<string, Schedule>([...specs].map(([name, spec]) => [name, scheduleOf(spec)]));
  const root = specOf(file.route ?? NO_ROUTE, 'root');
  const firstRoutes = [...edited.routes.values()]
    .sort((one, other) => one.position - other.position || (one.id < other.id ? -1 : 1))
    .map((route) => specOf({ ...route, routes: [] }, `edited/${route.id}`));
  return {
    route: routeOf({ ...root, routes: [...firstRoutes, ...root.routes] }, { ...DEFAULT_TIMING, channels: [] }),
    inhibitions: [...edited.inhibitions.values(), ...file.inhibit_rules].map(
      ({ equal, source_matchers, target_matchers }) => {
        return inhibitionOf({ equal, sourceMatchers: source_matchers, targetMatchers: target_matchers });
      },
    ),
    silences: [...edited.silences.values(), ...file.silences].map((one) => {
      // A silence whose schedule is gone is not silent.
      const schedule = one.schedule === null ? null : (specs.get(one.schedule) ?? null);
      const until = one.schedule !== null && schedule === null ? 0 : one.until;
      return silenceOf({ ...one, until, schedule });
    }),
    schedules,
    flapping: flappingOf(file.flapping ?? edited.flapping),
    tenant: file.tenant,
    tellsResolved: (name) => {
      const channel = channels.get(name);
      return channel === undefined || isDisabled(channel) ? undefined : channel.send_resolved;
    },
  };
}

function flappingOf(config: FlappingConfig | undefined): FlappingRule {
  if (config === undefined) return DEFAULT_FLAPPING;
  return { changes: config.changes, withinMs: config.within, stableMs: config.stable };
}

const NO_ROUTE: FileRoute = { matchers: [], continue: false, channels: [], routes: [] };

/** Routes of a file have no names: their place is one. */
function specOf(route: FileRoute, id: string): RouteSpec {
  return {
    id,
    matchers: route.matchers,
    channels: route.channels,
    goesOn: route.continue,
    mutedIn: route.mute_schedules,
    activeIn: route.active_schedules,
    ...(route.group_by === undefined ? {} : { groupBy: route.group_by }),
    ...(route.group_wait === undefined ? {} : { groupWaitMs: route.group_wait }),
    ...(route.group_interval === undefined ? {} : { groupIntervalMs: route.group_interval }),
    ...(route.repeat_interval === undefined ? {} : { repeatIntervalMs: route.repeat_interval }),
    routes: route.routes.map((child, index) => specOf(child, `${id}/${index}`)),
  };
}
