/**
 * What the detectors are worth on labelled data: `npm run bench:detection -- --nab DIR --cloud DIR`. README.md says what
 * is measured, and by which rules.
 */
import { parseArgs } from 'node:util';
import { measureOnCloud } from './cloud.js';
import { readCloud } from './cloud-corpus.js';
import { CONTESTANTS } from './contestants.js';
import { measureOnNab } from './nab.js';
import { readNab } from './nab-corpus.js';
import { cloudRow, cloudTable, nabRow, nabTable } from './tables.js';

const { values } = parseArgs({
  options: {
    nab: { type: 'string', default: process.env['MILLRACE_NAB'] ?? '' },
    cloud: { type: 'string', default: process.env['MILLRACE_CLOUD'] ?? '' },
  },
});

if (values.nab === '' && values.cloud === '') {
  console.error('Which data? --nab DIR or MILLRACE_NAB, --cloud DIR or MILLRACE_CLOUD: see bench/detection/README.md.');
  process.exitCode = 2;
}

if (values.nab !== '') {
  const corpus = readNab(values.nab);
  console.log(
    nabTable(
      corpus,
      CONTESTANTS.map(({ label, detector, alerting }) =>
        nabRow(label, alerting, measureOnNab(detector(), corpus, alerting)),
      ),
    ),
  );
}

if (values.cloud !== '') {
  const corpus = readCloud(values.cloud);
  console.log(
    cloudTable(
      corpus,
      CONTESTANTS.map(({ label, detector, alerting }) =>
        cloudRow(label, alerting, measureOnCloud(detector(), corpus, alerting)),
      ),
    ),
  );
}
