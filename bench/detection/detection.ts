/**
 * What the detectors are worth on labelled data: `npm run bench:detection -- --faults --nab DIR --cloud DIR`. README.md says what
 * is measured, and by which rules.
 */
import { parseArgs } from 'node:util';
import { createDetector } from '../../detection/detectors.js';
import { measureOnCloud } from './cloud.js';
import { readCloud } from './cloud-corpus.js';
import { CONTESTANTS } from './contestants.js';
import { measureForecasts } from './forecast.js';
import { measureOnLogShapes } from './log-shapes/measure-log-shapes.js';
import { measureOnNab } from './nab.js';
import { readNab } from './nab-corpus.js';
import { measureOnOtherSensors } from './other-sensors/other-sensors.js';
import { measureOnOtherShapes } from './other-shapes/other-shapes.js';
import { randomDetector } from './reference-detectors.js';
import { measureRepeats, repeatsTable } from './repeats.js';
import { measureOnFaults } from './services.js';
import { measureOnShapes } from './shapes/shapes.js';
import { cloudRow, cloudTable, meanOfBest, nabRow, nabTable } from './tables.js';
import { heldOutTunings } from './tunings.js';

/** A random detector's score differs by several points from seed to seed. */
const RANDOM_SEEDS = 10;
const REPEATS_CONTESTANTS = ['z-score', 'level-shift', 'adaptive', 'multi-resolution'] as const;

const { values } = parseArgs({
  options: {
    nab: { type: 'string', default: process.env['MILLRACE_NAB'] ?? '' },
    cloud: { type: 'string', default: process.env['MILLRACE_CLOUD'] ?? '' },
    tunings: { type: 'string', default: '0' },
    faults: { type: 'boolean', default: false },
    shapes: { type: 'boolean', default: false },
    'other-shapes': { type: 'boolean', default: false },
    'other-sensors': { type: 'boolean', default: false },
    'log-shapes': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    tell: { type: 'boolean', default: false },
    repeats: { type: 'boolean', default: false },
    forecast: { type: 'boolean', default: false },
  },
});

if (
  values.nab === '' &&
  values.cloud === '' &&
  !values.faults &&
  !values.shapes &&
  !values['other-shapes'] &&
  !values['other-sensors'] &&
  !values['log-shapes'] &&
  !values.repeats &&
  !values.forecast
) {
  console.error(
    'On what? --faults, --shapes, --other-shapes, --other-sensors, --log-shapes, --repeats, --forecast, --nab DIR or MILLRACE_NAB, --cloud DIR or MILLRACE_CLOUD: see bench/detection/README.md.',
  );
  process.exitCode = 2;
}

if (values.shapes) await measureOnShapes({ seed: Number(values.seed), tells: values.tell, only: values.only });

if (values['other-shapes']) {
  await measureOnOtherShapes({ seed: Number(values.seed), tells: values.tell, only: values.only });
}

if (values['other-sensors']) {
  await measureOnOtherSensors({ seed: Number(values.seed), tells: values.tell, only: values.only });
}

if (values['log-shapes']) {
  await measureOnLogShapes({ seed: Number(values.seed), tells: values.tell, only: values.only });
}

if (values.forecast) {
  console.log(measureForecasts(Number(values.seed), values.nab === '' ? [] : readNab(values.nab).files));
}

if (values.faults) console.log(await measureOnFaults());

if (values.repeats) {
  for (const isTuned of [true, false]) {
    const rows = REPEATS_CONTESTANTS.map((name) => [name, measureRepeats(createDetector({ name }), isTuned)] as const);
    console.log(`${isTuned ? 'Tuned on' : 'Held out'}\n\n${repeatsTable(rows)}`);
  }
}

if (values.nab !== '' && !values.forecast) {
  const corpus = readNab(values.nab);
  const rows = CONTESTANTS.map(({ alerting, detector, label }) =>
    nabRow(label, alerting, measureOnNab(detector(), corpus, alerting)),
  );
  console.log(nabTable(corpus, rows));
  const random = Array.from({ length: RANDOM_SEEDS }, (_, seed) => measureOnNab(randomDetector(seed), corpus, 'point'));
  console.log(`random, best threshold, mean of ${RANDOM_SEEDS} seeds: ${meanOfBest(random)}\n`);
  const tunings = Number(values.tunings);
  if (tunings > 0) {
    for (const { detector, deviation, mean } of heldOutTunings(corpus, tunings)) {
      console.log(
        `${detector}, standard profile, the best of ${tunings} random tunings and its threshold chosen on half of the files, ` +
          `measured on the other: ${mean.toFixed(1)} ± ${deviation.toFixed(1)}\n`,
      );
    }
  }
}

if (values.cloud !== '') {
  const corpus = readCloud(values.cloud);
  const rows = CONTESTANTS.map(({ alerting, detector, label }) =>
    cloudRow(label, alerting, measureOnCloud(detector(), corpus, alerting)),
  );
  console.log(cloudTable(corpus, rows));
}
