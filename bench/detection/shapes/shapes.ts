/**
 * False incidents on normal traffic of many shapes, and what is found of labelled faults: `npm run bench:detection -- --shapes`.
 */
import { Random } from '../../../producer/random.js';
import type { Incident, ServiceLog } from '../../../schemas/records.js';
import { ApplicationRun } from '../../../test/reference/run-application.js';
import { durationOf, SHAPE_FAULTS, type ShapeFault, type ShapeFaultKind } from './shape-faults.js';
import { linesOfShape } from './shape-lines.js';
import { FAULT_SHAPES, HELD_OUT_SHAPES, LATER_SHAPES, type Shape, TUNED_SHAPES } from './traffic-shapes.js';

const START_MS = Date.UTC(2026, 2, 2, 9);
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const WEEK_HOURS = 168;
const BATCH_LINES = 20_000;
/** Before the first fault, and between two. */
const LEARNING_MS = 20 * MINUTE_MS;
const PAUSE_MS = 8 * MINUTE_MS;
/** What is told so late is still of the fault. */
const AFTER_MS = 20_000;

function incidentsOn(
  shape: Shape,
  options: { readonly faults: readonly ShapeFault[]; readonly hours: number; readonly seed: number },
) {
  return incidentsOf(linesOfShape(shape, { ...options, startMs: START_MS }));
}

/** What is told of lines of services, and how many of these are counted in a window. */
export async function incidentsOf(
  arriving: Iterable<readonly ServiceLog[]>,
): Promise<{ incidents: Incident[]; lines: number; counted: number }> {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
  let batch: ServiceLog[] = [];
  let lines = 0;
  const byService = ({ service }: { readonly service: string }) => service;
  for (const arrived of arriving) {
    batch.push(...arrived);
    lines += arrived.length;
    if (batch.length < BATCH_LINES) continue;
    await run.append('serviceLogs', batch, byService);
    batch = [];
  }
  await run.append('serviceLogs', batch, byService);
  await run.drain();
  const last = new Map((await run.readAll('incidents')).map(({ key, value }) => [key, value]));
  const counted = (await run.read('serviceHealth')).reduce((sum, { value }) => sum + value.count, 0);
  await run.close();
  return { incidents: [...last.values()].filter((incident) => incident !== null), lines, counted };
}

export interface NormalResult {
  readonly shape: string;
  readonly serviceHours: number;
  readonly falseIncidents: readonly Incident[];
  readonly uncounted: number;
}

export async function measureNormal(shape: Shape, seed: number): Promise<NormalResult> {
  const { counted, incidents, lines } = await incidentsOn(shape, { faults: [], hours: shape.hours, seed });
  return {
    shape: shape.name,
    serviceHours: shape.hours * shape.services.length,
    falseIncidents: incidents,
    uncounted: lines === 0 ? 0 : 1 - counted / lines,
  };
}

export interface FaultResult {
  readonly shape: string;
  readonly kind: ShapeFaultKind;
  readonly found: number;
  readonly delays: readonly number[];
  readonly faults: number;
}

/** Each kind of fault twice, the second time as the first. */
export async function measureFaults(
  shape: Shape,
  seed: number,
  kinds: readonly ShapeFaultKind[] = SHAPE_FAULTS,
): Promise<{ byKind: FaultResult[]; falseIncidents: Incident[] }> {
  const random = new Random(seed + 1000);
  const faults: ShapeFault[] = [];
  let time = START_MS + LEARNING_MS;
  const service = shape.services[0]?.name ?? '';
  for (const kind of [...kinds, ...kinds]) {
    const startMs = time + random.below(MINUTE_MS);
    faults.push({ kind, service, startMs, endMs: startMs + durationOf(kind) * SECOND_MS });
    time = startMs + durationOf(kind) * SECOND_MS + PAUSE_MS;
  }
  const hours = (time - START_MS) / 3_600_000;
  const { incidents } = await incidentsOn(shape, { faults, hours, seed });
  const isOf = (incident: Incident, { endMs, startMs }: ShapeFault) =>
    incident.opened > startMs && incident.opened <= endMs + AFTER_MS;
  const byKind = kinds.map((kind): FaultResult => {
    const own = faults.filter((fault) => fault.kind === kind);
    const delays = own.flatMap((fault) => {
      const times = incidents.filter((incident) => isOf(incident, fault)).map(({ opened }) => opened);
      return times.length === 0 ? [] : [Math.min(...times) - fault.startMs];
    });
    return { shape: shape.name, kind, faults: own.length, found: delays.length, delays };
  });
  return { byKind, falseIncidents: incidents.filter((one) => !faults.some((fault) => isOf(one, fault))) };
}

export function normalRow({ falseIncidents, serviceHours, shape, uncounted }: NormalResult): string {
  const perWeek = (falseIncidents.length / serviceHours) * WEEK_HOURS;
  return `| ${shape} | ${serviceHours.toFixed(1)} | ${falseIncidents.length} | ${perWeek.toFixed(1)} | ${(uncounted * 100).toFixed(2)} % |`;
}

export function median(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

export async function measureOnShapes(options: {
  readonly seed: number;
  readonly tells: boolean;
  readonly only?: string;
}) {
  const { only = '', seed, tells } = options;
  const chosen = (shapes: readonly Shape[]) => shapes.filter(({ name }) => name.includes(only));
  for (const [label, shapes] of [
    ['tuned on', chosen(TUNED_SHAPES)],
    ['held out', chosen(HELD_OUT_SHAPES)],
    ['made later', chosen(LATER_SHAPES)],
  ] as const) {
    if (shapes.length === 0) continue;
    console.log(
      `\n| normal traffic, ${label} | service-hours | false incidents | a service-week | lines not counted |`,
    );
    console.log('| --- | ---: | ---: | ---: | ---: |');
    for (const shape of shapes) {
      const result = await measureNormal(shape, seed);
      console.log(normalRow(result));
      if (tells)
        for (const { detectors, opened, summary } of result.falseIncidents)
          console.log(`    ${new Date(opened).toISOString()} ${detectors.join()}: ${summary}`);
    }
  }
  for (const shape of chosen(FAULT_SHAPES)) {
    const { byKind, falseIncidents } = await measureFaults(shape, seed);
    console.log(`\n| ${shape.name} | found | seconds |\n| --- | ---: | ---: |`);
    for (const { delays, faults, found, kind } of byKind) {
      console.log(
        `| ${kind} | ${found} of ${faults} | ${delays.map((delay) => (delay / 1000).toFixed(1)).join(', ')} |`,
      );
    }
    const all = byKind.flatMap(({ delays }) => delays);
    const total = byKind.reduce((sum, { faults }) => sum + faults, 0);
    console.log(
      `recall ${(all.length / total).toFixed(3)}, median ${((median(all) ?? 0) / 1000).toFixed(1)} s, false ${falseIncidents.length}`,
    );
    if (tells)
      for (const { detectors, opened, summary } of falseIncidents)
        console.log(`    ${new Date(opened).toISOString()} ${detectors.join()}: ${summary}`);
  }
}
