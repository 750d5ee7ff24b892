import { Random } from '../../producer/random.js';
import type { ServiceFault, ServiceFaultKind } from '../../producer/service-faults.js';
import { SERVICES, ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import type { Alert, Incident, ServiceHealth, ServiceLog } from '../../schemas/records.js';
import { ApplicationRun } from '../../test/reference/run-application.js';
import type { DetectorFamily } from '../../topology/application-config.js';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const HOURS = 1;
const LINES_PER_SECOND = 100;
/** Detectors learn first. */
const FIRST_AFTER_MINUTES = 10;
const EVERY_MINUTES = 6;
const KINDS: readonly ServiceFaultKind[] = [
  'latency-step',
  'latency-ramp',
  'error-burst',
  'error-creep',
  'surge',
  'silence',
  'bad-instance',
  'abusive-address',
  'scan',
];
/** An alert that comes so late is still of the fault; what is over has to be noticed, too. */
const AFTER_MS = 15_000;
/** A deploy that shifts the level is to alert once; it is no fault that must be found. */
const DEPLOY_MS = 15 * MINUTE_MS;

/** An hour of service logs with faults at random, from one seed. */
export interface Labelled {
  readonly seed: number;
  readonly faults: readonly ServiceFault[];
  readonly lines: readonly ServiceLog[];
}

export function labelledHour(seed: number): Labelled {
  const random = new Random(seed);
  const faults: ServiceFault[] = [];
  const startMs = START_MS + random.below(24) * 60 * MINUTE_MS;
  for (let minute = FIRST_AFTER_MINUTES; minute + EVERY_MINUTES <= 60 * HOURS; minute += EVERY_MINUTES) {
    const from = startMs + minute * MINUTE_MS + random.below(MINUTE_MS);
    const durationMs = 30_000 + random.below(MINUTE_MS);
    const kind = KINDS[random.below(KINDS.length)] as ServiceFaultKind;
    // One service is deployed near the end: what changes then stays.
    const isLast = minute + 2 * EVERY_MINUTES > 60 * HOURS;
    faults.push({
      kind: isLast ? 'deploy' : kind,
      service: SERVICES[random.below(SERVICES.length)] as string,
      startMs: from,
      endMs: from + durationMs,
    });
  }
  const simulator = new ServiceLogSimulator({ seed, startMs, linesPerSecond: LINES_PER_SECOND, faults });
  const lines: ServiceLog[] = [];
  while (simulator.arrivalMs < startMs + 60 * HOURS * MINUTE_MS) lines.push(simulator.next().line);
  return { seed, faults, lines };
}

/** What came of an hour. */
export interface PipelineOutput {
  /** Those that opened, of services and of their endpoints. */
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
  readonly health: readonly ServiceHealth[];
}

export async function throughPipeline({ lines }: Labelled, family: DetectorFamily): Promise<PipelineOutput> {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'], detectors: [family] } });
  await run.append('serviceLogs', lines, ({ service }) => service);
  await run.drain();
  const alerts = (await run.read('alerts')).map(({ value }) => value).filter(({ state }) => state === 'opened');
  const incidents = new Map((await run.readAll('incidents')).map(({ key, value }) => [key, value]));
  const health = (await run.read('serviceHealth')).map(({ value }) => value);
  await run.close();
  return { alerts, incidents: [...incidents.values()].filter((incident) => incident !== null), health };
}

/** Something that was said of a service. */
export interface Detection {
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface Quality {
  faults: number;
  found: number;
  detections: number;
  falseDetections: number;
  /** Of faults that were found, in milliseconds. */
  readonly delays: number[];
  /** How many detections each fault that was found had. */
  readonly perFault: number[];
  hours: number;
}

export function emptyQuality(): Quality {
  return { faults: 0, found: 0, detections: 0, falseDetections: 0, delays: [], perFault: [], hours: 0 };
}

/** Adds what the detections of one hour are worth. */
export function judge(quality: Quality, { faults }: Labelled, detections: readonly Detection[]): void {
  const isOf = ({ service, time }: Detection, fault: ServiceFault) =>
    service === fault.service &&
    time > fault.startMs &&
    time <= fault.endMs + (fault.kind === 'deploy' ? DEPLOY_MS : AFTER_MS);
  for (const fault of faults) {
    const times = detections.filter((detection) => isOf(detection, fault)).map(({ time }) => time);
    if (times.length > 0) quality.perFault.push(times.length);
    if (fault.kind === 'deploy') continue;
    quality.faults++;
    if (times.length === 0) continue;
    quality.found++;
    quality.delays.push(Math.min(...times) - fault.startMs);
  }
  quality.detections += detections.length;
  quality.falseDetections += detections.filter((one) => !faults.some((fault) => isOf(one, fault))).length;
  quality.hours += HOURS;
}
