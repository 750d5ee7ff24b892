import type { Downloads } from './downloads.js';
import type { PortName, StackPorts } from './ports.js';
import type { Launch } from './processes.js';

export const SERVICE_NAMES = ['kafka', 'registry', 'connect', 'elasticsearch', 'influxdb'] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** What a service runs from, on this machine. */
export interface Software {
  /** The directory of its jars, or its program. */
  readonly path: string;
  /** The directory of its plugins, if it has any. */
  readonly plugins?: string;
}

/** What a service is started with. */
export interface ServiceSetting {
  /** Its own directory; data that outlives a stop is in there. */
  readonly directory: string;
  readonly software: Software;
  readonly ports: StackPorts;
}

/** One of the real services: where it comes from, how it is started, when it is ready. */
export interface Service {
  readonly name: ServiceName;
  /** The services that must be ready before it starts. */
  readonly dependsOn: readonly ServiceName[];
  /** The ports that it listens on. The first is the one that users know. */
  readonly ports: readonly [PortName, ...PortName[]];
  /** How long it may write nothing to its log before it is ready, in milliseconds. */
  readonly readyWithinMs: number;
  /** Downloads it if need be, and says so. @throws StackError */
  download(downloads: Downloads, onDownload: () => void): Promise<Software>;
  /** Writes its configuration, and does what must be done before its start. @throws StackError */
  prepare(setting: ServiceSetting): Promise<Launch>;
  address(ports: StackPorts): string;
  isReady(ports: StackPorts): Promise<boolean>;
}
