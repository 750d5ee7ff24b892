import type { Alerting } from './alerts.js';
import type { CloudResult } from './cloud.js';
import type { CloudSeries } from './cloud-corpus.js';
import type { NabResult } from './nab.js';
import type { NabCorpus } from './nab-corpus.js';

const one = (value: number) => value.toFixed(1);
const two = (value: number) => value.toFixed(2);
const profiles = (values: readonly number[]) => values.map(one).join(' / ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export function nabRow(label: string, alerting: Alerting, result: NabResult): string[] {
  return [
    label,
    alerting,
    profiles(result.shipped),
    `${result.windowsHit}`,
    `${result.falseAlerts}`,
    profiles(result.best),
    result.heldOut.map(({ mean, deviation }) => `${one(mean)} ± ${one(deviation)}`).join(' / '),
    one(result.microsecondsPerValue),
  ];
}

export function meanOfBest(results: readonly NabResult[]): string {
  const sums = results.reduce<number[]>((sum, { best }) => best.map((score, i) => score + (sum[i] ?? 0)), []);
  return profiles(sums.map((sum) => sum / results.length));
}

export function nabTable({ files, profiles: costs }: NabCorpus, rows: readonly string[][]): string {
  const values = files.reduce((sum, file) => sum + file.values.length, 0);
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0);
  return [
    `NAB: ${files.length} files, ${values} values, ${windows} windows; scores by profile: ${Object.keys(costs).join(' / ')}`,
    '',
    table(
      [
        'detector',
        'alert per',
        'own threshold',
        'windows hit',
        'false alerts',
        'best threshold',
        'held out',
        'µs/value',
      ],
      rows,
    ),
    '',
  ].join('\n');
}

export function cloudRow(label: string, alerting: Alerting, { shipped, best, heldOut }: CloudResult): string[] {
  return [
    label,
    alerting,
    two(shipped.precision),
    two(shipped.recall),
    two(shipped.f1),
    Number.isNaN(shipped.medianDelay) ? '' : `${shipped.medianDelay}`,
    two(best.f1),
    `${two(heldOut.mean)} ± ${two(heldOut.deviation)}`,
  ];
}

export function cloudTable(corpus: readonly CloudSeries[], rows: readonly string[][]): string {
  const values = corpus.reduce((sum, series) => sum + series.values.length, 0);
  const events = corpus.reduce((sum, series) => sum + series.events.length, 0);
  return [
    `Cloud Monitoring Dataset: ${corpus.length} series, ${values} values, ${events} events`,
    '',
    table(
      ['detector', 'alert per', 'precision', 'recall', 'F1', 'median delay, values', 'best F1', 'held-out F1'],
      rows,
    ),
    '',
  ].join('\n');
}
