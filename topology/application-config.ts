import type { Duration } from '@millrace/streams';
import { DEFAULT_TOPICS, PIPELINES, type PipelineName, type TopicNames, topicsOfPipelines } from '../schemas/topics.js';
import type { KnownCrawler } from './abuse/known-clients.js';
import type { Budget } from './budgets.js';
import type { CalendarConfig } from './calendar.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from './goals/goal-config.js';

export { PIPELINES, type PipelineName };

export const DETECTOR_FAMILIES = ['adaptive', 'textbook'] as const;
export type DetectorFamily = (typeof DETECTOR_FAMILIES)[number];

/** The application's configuration; by default windows have the lengths of the contract. */
export interface ApplicationConfig extends GoalConfig {
  readonly pipelines: readonly PipelineName[];
  readonly webStatistics: {
    readonly size: Duration;
    /** A window with a larger share of responses of status 400 to 599 is flagged. */
    readonly errorRate: number;
    /** Of so many requests at least. */
    readonly leastRequests: number;
  };
  readonly traffic: { readonly size: Duration };
  readonly sensors: {
    /** Degrees Celsius; a reading of more has the score 1. */
    readonly temperature: number;
    readonly pressure: number;
  };
  readonly services: {
    readonly size: Duration;
    readonly grace: Duration;
    /** How many false alarms of a service chance may cause in a week where `budgets` names none. */
    readonly falseAlarmsPerWeek: number;
    readonly endpoints: {
      readonly size: Duration;
      /** More lines of an endpoint in a window are a traffic spike; undefined: what its own past makes unlikely is. */
      readonly requests: number | undefined;
      /** Of fewer responses nothing more is said. */
      readonly leastRequests: number;
      /** A larger share of responses of status 400 to 599 is a high error rate; undefined: by its own past. */
      readonly errorRate: number | undefined;
      /** A longer mean response time in milliseconds is a slow response; undefined: by its own past. */
      readonly responseTime: number | undefined;
    };
    readonly addresses: {
      readonly size: Duration;
      /** More lines of a client at a service in a window are abuse, if its clients do not usually have as many. */
      readonly requests: number;
      /** More responses of status 400 to 499 to a client in a window are a scan, if they are not usual. */
      readonly clientErrors: number;
    };
  };
  /** Who makes no incident by goals 1 and 2. */
  readonly abuse: {
    /** Addresses and networks. */
    readonly excludedClients: readonly string[];
    /** Beside the list that is built in, and before it. */
    readonly crawlers: readonly KnownCrawler[];
  };
  readonly calendar: CalendarConfig;
  /** How many false alarms chance may cause of some entities: limits are chosen by it. */
  readonly budgets: readonly Budget[];
  /** `textbook`: the plain rules of services, `high_latency` and `error_spike`, for those who compare. */
  readonly detectors: readonly DetectorFamily[];
  /** Whether entities are missed by the clock when nothing comes at all: for live sources. */
  readonly watchesClock: boolean;
  /** Whether one process reads all partitions: then what it knows of a client is all that there is. */
  readonly readsAllPartitions: boolean;
  /** An alert that comes so soon after the end of an incident of its scope belongs to it. */
  readonly incidentQuiet: Duration;
  readonly topics: TopicNames;
}

export const DEFAULT_APPLICATION_CONFIG: ApplicationConfig = {
  ...DEFAULT_GOAL_CONFIG,
  pipelines: PIPELINES,
  webStatistics: { size: '1m', errorRate: 0.2, leastRequests: 20 },
  traffic: { size: '5s' },
  sensors: { temperature: 40, pressure: 120 },
  services: {
    size: '5s',
    grace: '1s',
    falseAlarmsPerWeek: 1,
    endpoints: { size: '1m', requests: undefined, leastRequests: 20, errorRate: undefined, responseTime: undefined },
    addresses: { size: '5s', requests: 60, clientErrors: 15 },
  },
  abuse: { excludedClients: [], crawlers: [] },
  calendar: { timeZone: 'UTC', holidays: [], maintenance: [] },
  budgets: [],
  detectors: ['adaptive'],
  watchesClock: true,
  readsAllPartitions: false,
  incidentQuiet: '30s',
  topics: DEFAULT_TOPICS,
};

/** The topics of the pipelines that run. */
export function topicsOf({ pipelines, topics }: ApplicationConfig): Readonly<Partial<TopicNames>> {
  return topicsOfPipelines(pipelines, topics);
}
