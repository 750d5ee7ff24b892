/**
 * What is told falsely of sensors, and what is found, on readings that share no code with the simulator: `npm run
 * bench:detection -- --other-sensors`.
 */
import type { Incident, SensorReading } from '../../../schemas/records.js';
import { ApplicationRun } from '../../../test/reference/run-application.js';
import { median } from '../shapes/shapes.js';
import { type MeasureOptions, tell } from '../told.js';
import { OTHER_SENSOR_FAULTS, type OtherSensorFault, type OtherSensorFaultKind } from './sensor-faults.js';
import { readingsOf } from './sensor-readings.js';
import { OTHER_SENSOR_SHAPES, type SensorShape } from './sensor-shapes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 4, 4);
/** Before the first fault, in days; and between two, in readings. */
const LEARNING_DAYS = 3;
const PAUSE_READINGS = 150;
/** The one with the faults, and another: a sensor has stopped when others have not. */
const WITH_FAULTS = 2;
/** What is told so many readings late is still of the fault. */
const AFTER_READINGS = 3;
const NORMAL_DAYS = 7;
const BATCH_READINGS = 20_000;
/** No reading is over these limits, which people set: what is measured is what is learned. */
const NO_LIMITS = { temperature: 1e9, pressure: 1e9 };

type Options = Parameters<typeof readingsOf>[1];

async function incidentsOf(shape: SensorShape, options: Options): Promise<Incident[]> {
  const run = await ApplicationRun.create({ config: { pipelines: ['sensors'], sensors: NO_LIMITS } });
  let batch: SensorReading[] = [];
  const append = () => run.append('sensorReadings', batch, ({ sensor_id }) => sensor_id);
  for (const readings of readingsOf(shape, options)) {
    batch.push(...readings);
    if (batch.length < BATCH_READINGS) continue;
    await append();
    batch = [];
  }
  await append();
  await run.drain();
  const last = new Map((await run.readAll('incidents')).map(({ key, value }) => [key, value]));
  await run.close();
  return [...last.values()].filter((incident) => incident !== null);
}

function faultsOf({ everyMs }: SensorShape): OtherSensorFault[] {
  let time = START_MS + LEARNING_DAYS * DAY_MS;
  return (Object.keys(OTHER_SENSOR_FAULTS) as OtherSensorFaultKind[]).map((kind) => {
    const startMs = time;
    const endMs = startMs + OTHER_SENSOR_FAULTS[kind].readings * everyMs;
    time = endMs + PAUSE_READINGS * everyMs;
    return { kind, sensor: 'r0', startMs, endMs };
  });
}

function labelOf({ isHeldOut, name }: SensorShape): string {
  return isHeldOut ? `held out: ${name}` : name;
}

export async function measureOnOtherSensors({ only, seed, tells }: MeasureOptions): Promise<void> {
  const shapes = OTHER_SENSOR_SHAPES.filter(({ name }) => name.includes(only));
  const found = new Map<OtherSensorFaultKind, string[]>();
  console.log(
    '| readings | sensor-weeks | false incidents | a sensor-week | recall | by chance | median delay, readings |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const shape of shapes) {
    const normal = await incidentsOf(shape, { faults: [], days: NORMAL_DAYS, seed, startMs: START_MS });
    const weeks = (shape.sensors * NORMAL_DAYS) / 7;
    const faults = faultsOf(shape);
    const endMs = (faults.at(-1)?.endMs ?? START_MS) + PAUSE_READINGS * shape.everyMs;
    const days = (endMs - START_MS) / DAY_MS;
    const ofFaults = { faults, days, seed: seed + 1000, startMs: START_MS };
    const incidents = await incidentsOf({ ...shape, sensors: WITH_FAULTS }, ofFaults);
    const own = incidents.filter(({ scope }) => scope === 'sensor/r0');
    const afterMs = AFTER_READINGS * shape.everyMs;
    const isOf = ({ opened }: Incident, fault: OtherSensorFault) =>
      opened >= fault.startMs && opened <= fault.endMs + afterMs;
    const delays = faults.flatMap((fault) => {
      const first = Math.min(...own.filter((one) => isOf(one, fault)).map(({ opened }) => opened));
      const readings = (first - fault.startMs) / shape.everyMs;
      const isFound = Number.isFinite(readings);
      found.set(fault.kind, [...(found.get(fault.kind) ?? []), isFound ? readings.toFixed(0) : '-']);
      return isFound ? [readings] : [];
    });
    const others = own.filter((one) => !faults.some((fault) => isOf(one, fault)));
    // A moment at random is as near to an incident as a fault has to be.
    const covered = faults.reduce((sum, fault) => sum + fault.endMs + afterMs - fault.startMs, 0) / faults.length;
    const chance = 1 - Math.exp((-others.length * covered) / (endMs - START_MS));
    const cells = [
      ...[labelOf(shape), weeks.toFixed(1), String(normal.length), (normal.length / weeks).toFixed(1)],
      ...[(delays.length / faults.length).toFixed(2), chance.toFixed(2), (median(delays) ?? 0).toFixed(0)],
    ];
    console.log(`| ${cells.join(' | ')} |`);
    if (tells) tell([...normal, ...others]);
  }
  console.log(`\n| fault | found after so many readings, in ${shapes.length} shapes |\n| --- | --- |`);
  for (const [kind, readings] of found) console.log(`| ${kind} | ${readings.join(', ')} |`);
}
