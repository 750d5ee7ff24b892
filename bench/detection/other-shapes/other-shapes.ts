/**
 * What is told falsely, and what is found, on traffic that shares no code with the simulator: `npm run
 * bench:detection -- --other-shapes`.
 */
import type { Incident } from '../../../schemas/records.js';
import { incidentsOf, median, normalRow } from '../shapes/shapes.js';
import { type MeasureOptions, tell } from '../told.js';
import { durationMsOf, OTHER_FAULTS, type OtherFault, type OtherFaultKind } from './other-faults.js';
import { linesOfOther } from './other-traffic.js';
import { OTHER_FAULT_SHAPES, OTHER_SHAPES, type OtherShape } from './service-shapes.js';

const START_MS = Date.UTC(2026, 4, 6, 10);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Before the first fault, and between two. */
const LEARNING_MS = 30 * MINUTE_MS;
const PAUSE_MS = 9 * MINUTE_MS;
/** What is told so late is still of the fault. */
const AFTER_MS = 20_000;

function faultsOf({ services }: OtherShape): OtherFault[] {
  const service = services[0]?.name ?? '';
  let time = START_MS + LEARNING_MS;
  return (Object.keys(OTHER_FAULTS) as OtherFaultKind[]).map((kind) => {
    // Not at the beginning of a window, nor of a minute.
    const startMs = time + 12_700;
    const endMs = startMs + durationMsOf(kind);
    time = endMs + PAUSE_MS;
    return { kind, service, startMs, endMs };
  });
}

function isOf({ opened }: Incident, { endMs, startMs }: OtherFault): boolean {
  return opened > startMs && opened <= endMs + AFTER_MS;
}

export async function measureOnOtherShapes({ only, seed, tells }: MeasureOptions): Promise<void> {
  console.log('| normal traffic | service-hours | false incidents | a service-week | lines not counted |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const shape of OTHER_SHAPES.filter(({ name }) => name.includes(only))) {
    const { hours, isHeldOut, name, services } = shape;
    const lines = linesOfOther(shape, { faults: [], hours, seed, startMs: START_MS });
    const { counted, incidents, lines: all } = await incidentsOf(lines);
    const label = isHeldOut ? `held out: ${name}` : name;
    const result = { shape: label, serviceHours: hours * services.length, falseIncidents: incidents };
    console.log(normalRow({ ...result, uncounted: 1 - counted / all }));
    if (tells) tell(incidents);
  }
  for (const shape of OTHER_FAULT_SHAPES.filter(({ name }) => name.includes(only))) {
    const faults = faultsOf(shape);
    const hours = ((faults.at(-1)?.endMs ?? START_MS) + PAUSE_MS - START_MS) / HOUR_MS;
    const { incidents } = await incidentsOf(linesOfOther(shape, { faults, hours, seed, startMs: START_MS }));
    console.log(`\n| ${shape.isHeldOut ? 'held out: ' : ''}${shape.name} | found after, s |\n| --- | ---: |`);
    const delays = faults.flatMap((fault) => {
      const first = Math.min(...incidents.filter((one) => isOf(one, fault)).map(({ opened }) => opened));
      const delay = (first - fault.startMs) / 1000;
      console.log(`| ${fault.kind} | ${Number.isFinite(delay) ? delay.toFixed(1) : ''} |`);
      return Number.isFinite(delay) ? [delay] : [];
    });
    const others = incidents.filter((one) => !faults.some((fault) => isOf(one, fault)));
    // A moment at random is as near to an incident as a fault has to be.
    const covered = faults.reduce((sum, { endMs, startMs }) => sum + endMs + AFTER_MS - startMs, 0);
    const chance = 1 - Math.exp((-others.length * covered) / faults.length / (hours * HOUR_MS));
    console.log(
      `recall ${(delays.length / faults.length).toFixed(3)}, by chance ${chance.toFixed(3)}, ` +
        `median ${(median(delays) ?? 0).toFixed(1)} s, false ${others.length} in ${hours.toFixed(1)} h`,
    );
    if (tells) tell(others);
  }
}
