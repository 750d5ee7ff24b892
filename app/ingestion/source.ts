import type { HostOf } from './host-from-file.js';
import type { LineReading } from './line-reading.js';
import type { TopicPlace } from './read-topics.js';
import type { MqttPlace, SyslogPlace } from './receive-messages.js';

/** Where events come from. */
export type Source = FileSource | SimulatedSource | NetworkSource;

/** What others send, or write to topics. */
export interface NetworkSource extends LineReading {
  readonly kind: 'network';
  readonly topics: readonly TopicPlace[];
  readonly syslog: readonly SyslogPlace[];
  readonly mqtt: readonly MqttPlace[];
}

/** Logs in files, or on standard input. */
export interface FileSource extends LineReading {
  readonly kind: 'files';
  /** Paths; `-` is standard input. Where they are followed, directories, patterns, and what is not there yet, too. */
  readonly inputs: readonly string[];
  readonly hostOf?: HostOf;
  /** Lines further ahead of those around them are set aside. */
  readonly maxAheadMs: number;
  /** Whether to go on when the files end, across rotation. */
  readonly follow: boolean;
  /** At so many times real time; as fast as it can by default. */
  readonly speed?: number;
}

/** The simulators of requests and, where their pipelines run, of services and sensors. */
export interface SimulatedSource extends Simulation {
  readonly kind: 'simulated';
  /** Lines of service logs a second. */
  readonly logRate: number;
  /** Readings a second. */
  readonly sensorRate: number;
}

export interface Simulation {
  /** Requests a second. */
  readonly rate: number;
  /** So many requests, as fast as they can be written; otherwise without end, at their rate. */
  readonly count?: number;
  /** Without a count: the traffic of this long ago until now is written first, at once. Default 0. */
  readonly pastMs?: number;
  readonly seed: number;
  readonly disorderMs: number;
  readonly clients?: number;
  readonly hosts?: number;
  readonly countries: number;
  readonly incidents: boolean;
}
