import type { ClientRule } from '../../producer/client-address.js';
import type { HostOf } from './host-from-file.js';

/** Where events come from. */
export type Source = FileSource | SimulatedSource;

/** Access logs. */
export interface FileSource {
  readonly kind: 'files';
  /** Paths; `-` is standard input. */
  readonly inputs: readonly string[];
  /** `auto`, the name of a format, or NGINX's `log_format`. */
  readonly format: string;
  /** Of lines that do not name their host, or the machine. */
  readonly host: string;
  readonly server: string;
  readonly hostOf?: HostOf;
  readonly client?: ClientRule;
  /** Lines further ahead of those around them are set aside. */
  readonly maxAheadMs: number;
  /** Globs: requests of these paths are left out. */
  readonly excludedPaths: readonly string[];
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
