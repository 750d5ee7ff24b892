import type { ApplicationConfig } from './application-config.js';

/** What of the configuration may change while the topology runs; a new object whenever something does. */
export interface Limits {
  readonly goal1: Pick<ApplicationConfig['goal1'], 'threshold'>;
  readonly goal2: Pick<ApplicationConfig['goal2'], 'threshold'>;
  readonly serverErrors: Pick<NonNullable<ApplicationConfig['serverErrors']>, 'threshold' | 'share'> | undefined;
  readonly abuse: ApplicationConfig['abuse'];
  readonly webStatistics: ApplicationConfig['webStatistics'];
  readonly sensors: ApplicationConfig['sensors'];
  readonly addresses: ApplicationConfig['services']['addresses'];
  readonly endpoints: Pick<ApplicationConfig['services']['endpoints'], 'requests' | 'errorRate' | 'responseTime'>;
  readonly falseAlarmsPerWeek: ApplicationConfig['services']['falseAlarmsPerWeek'];
  readonly budgets: ApplicationConfig['budgets'];
  readonly calendar: Pick<ApplicationConfig['calendar'], 'holidays' | 'maintenance'>;
}

/** Where the topology finds the limits of now. */
export interface LimitsSource<L = Limits> {
  current(): L;
}

export function limitsOf(config: ApplicationConfig): Limits {
  const { abuse, budgets, calendar, goal1, goal2, sensors, serverErrors, services, webStatistics } = config;
  const { addresses, falseAlarmsPerWeek } = services;
  const { errorRate, requests, responseTime } = services.endpoints;
  const { holidays, maintenance } = calendar;
  return {
    ...{ abuse, addresses, budgets, falseAlarmsPerWeek, goal1, goal2, sensors, serverErrors, webStatistics },
    endpoints: { errorRate, requests, responseTime },
    calendar: { holidays, maintenance },
  };
}

/** The configuration with other limits, and all else as it was. */
export function withLimits(config: ApplicationConfig, limits: Limits): ApplicationConfig {
  const { abuse, addresses, budgets, falseAlarmsPerWeek, goal1, goal2, sensors, serverErrors, webStatistics } = limits;
  const { share, threshold } = serverErrors ?? {};
  return {
    ...config,
    ...{ abuse, budgets, sensors, webStatistics },
    calendar: { ...config.calendar, ...limits.calendar },
    goal1: { ...config.goal1, threshold: goal1.threshold },
    goal2: { ...config.goal2, threshold: goal2.threshold },
    serverErrors: config.serverErrors && {
      ...config.serverErrors,
      ...(share !== undefined && { share }),
      ...(threshold !== undefined && { threshold }),
    },
    services: {
      ...config.services,
      ...{ addresses, falseAlarmsPerWeek },
      endpoints: { ...config.services.endpoints, ...limits.endpoints },
    },
  };
}

/** Limits that others change. */
export class LiveLimits implements LimitsSource {
  #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  current(): Limits {
    return this.#limits;
  }

  useLimits(limits: Limits): void {
    this.#limits = limits;
  }
}

/** What is made of the limits, made anew when they have changed. */
export function following<Made>(source: LimitsSource, make: (limits: Limits) => Made): () => Made {
  let limits = source.current();
  let made = make(limits);
  return () => {
    const now = source.current();
    if (now !== limits) {
      limits = now;
      made = make(now);
    }
    return made;
  };
}

/** What counts for windows that start at a time or later. */
interface Version<L> {
  readonly from: number;
  readonly limits: L;
}

/** Versions that windows may still be open of. */
const REMEMBERED = 8;

/**
 * The limits of windows. A window is judged by one version for as long as it is open: what has changed counts from the next
 * window on that nobody has seen yet.
 */
export class LimitsOfWindows<L> {
  readonly #source: LimitsSource<L>;
  #newest: Version<L>;
  /** The latest first. */
  #before: readonly Version<L>[] = [];
  #latestStart = Number.NEGATIVE_INFINITY;

  constructor(source: LimitsSource<L>) {
    this.#source = source;
    this.#newest = { from: Number.NEGATIVE_INFINITY, limits: source.current() };
  }

  /** @param start of the window, in milliseconds since the epoch */
  of(start: number): L {
    const limits = this.#source.current();
    if (limits !== this.#newest.limits) {
      this.#before = [this.#newest, ...this.#before].slice(0, REMEMBERED);
      this.#newest = { from: this.#latestStart + 1, limits };
    }
    if (start > this.#latestStart) this.#latestStart = start;
    if (start >= this.#newest.from) return this.#newest.limits;
    const version = this.#before.find(({ from }) => start >= from) ?? this.#before.at(-1) ?? this.#newest;
    return version.limits;
  }
}
