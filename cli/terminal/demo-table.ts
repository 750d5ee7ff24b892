import colors from 'picocolors';
import { behind, type Counts, GOALS, type Goal, type Holding } from '../commands/demo-counts.js';
import { number } from './quantities.js';
import { SafeText, safe } from './safe-text.js';

const HEADER_EVERY_LINES = 20;
const GAP = '  ';
const TIME_WIDTH = 8;

interface Column {
  readonly title: string;
  readonly width: number;
  /** Undefined: what is asked for it does not answer. */
  readonly value: (counts: Counts) => number | undefined;
}

/** Columns under one title. */
interface Group {
  readonly title: string;
  readonly columns: readonly Column[];
  /** Whether anything but 0 is to be seen. */
  readonly isLag?: boolean;
}

type Place = (counts: Counts) => Holding | undefined;
const kafka: Place = (counts) => counts.kafka;
const elasticsearch: Place = (counts) => counts.elasticsearch;

const requests = (place: Place): Column => ({
  title: 'requests',
  width: 9,
  value: (counts) => place(counts)?.requests,
});
const windows = (place: Place): Column[] =>
  GOALS.map((goal) => ({ title: `goal${goal}`, width: 6, value: (counts) => place(counts)?.windows[goal] }));
const points = (goal: 3 | 4): Column => ({
  title: `goal${goal}`,
  width: 6,
  value: ({ influxdb }) => influxdb?.[goal],
});
const allWindows = (place: Place): Column => ({
  title: 'windows',
  width: 9,
  value: (counts) => total(place(counts)?.windows),
});
const LAG: Group = {
  title: 'behind',
  isLag: true,
  columns: [
    { title: 'pipeline', width: 8, value: ({ pipelineLag }) => pipelineLag },
    { title: 'Elastic', width: 8, value: (counts) => behind(counts).Elasticsearch },
    { title: 'Influx', width: 7, value: (counts) => behind(counts).InfluxDB },
  ],
};

const WIDE: readonly Group[] = [
  { title: 'Kafka', columns: [requests(kafka), ...windows(kafka)] },
  { title: 'Elasticsearch', columns: [requests(elasticsearch), ...windows(elasticsearch)] },
  { title: 'InfluxDB', columns: [points(3), points(4)] },
  LAG,
];
/** For terminals of 80 columns. */
const NARROW: readonly Group[] = [
  { title: 'Kafka', columns: [requests(kafka), allWindows(kafka)] },
  { title: 'Elastic', columns: [requests(elasticsearch), allWindows(elasticsearch)] },
  { title: 'Influx', columns: [{ title: 'points', width: 7, value: ({ influxdb }) => total(influxdb) }] },
  LAG,
];

/** Counts, a line each, with a header now and then. */
export class CountsTable {
  readonly #write: (line: SafeText) => void;
  readonly #groups: readonly Group[];
  #lines = 0;

  /** @param terminalColumns undefined where the output is no terminal */
  constructor(write: (line: SafeText) => void, terminalColumns: number | undefined) {
    this.#write = write;
    this.#groups = terminalColumns !== undefined && terminalColumns < widthOf(WIDE) ? NARROW : WIDE;
  }

  add(counts: Counts): void {
    if (this.#lines++ % HEADER_EVERY_LINES === 0) for (const line of header(this.#groups)) this.#write(line);
    const time = new Date().toTimeString().slice(0, TIME_WIDTH);
    const cells = this.#groups.map(({ columns, isLag }) =>
      SafeText.join(
        columns.map(({ value, width }) => cell(value(counts), width, isLag ?? false)),
        '',
      ),
    );
    this.#write(SafeText.join([safe`${time}`.with(colors.dim), ...cells], GAP));
  }
}

function header(groups: readonly Group[]): SafeText[] {
  const titles = groups.map(({ columns, title }) => titleOver(title, sum(columns.map(({ width }) => width))));
  const columns = groups.map((group) => group.columns.map(({ title, width }) => title.padStart(width)).join(''));
  return [
    SafeText.empty,
    safe`${[' '.repeat(TIME_WIDTH), ...titles].join(GAP)}`.with(colors.bold),
    safe`${['time'.padEnd(TIME_WIDTH), ...columns].join(GAP)}`.with(colors.bold),
  ];
}

function titleOver(title: string, width: number): string {
  const rules = width - title.length - 3;
  if (rules < 2) return title.padStart(width);
  const left = Math.floor(rules / 2);
  return ` ${'─'.repeat(left)} ${title} ${'─'.repeat(rules - left)}`;
}

function cell(count: number | undefined, width: number, isLag: boolean): SafeText {
  if (count === undefined) return safe`${'away'.padStart(width)}`.with(colors.red);
  const text = safe`${number(count).padStart(width)}`;
  if (!isLag) return text;
  return text.with(count === 0 ? colors.green : colors.yellow);
}

function widthOf(groups: readonly Group[]): number {
  return TIME_WIDTH + sum(groups.map(({ columns }) => GAP.length + sum(columns.map(({ width }) => width))));
}

function total(counts: Readonly<Partial<Record<Goal, number>>> | undefined): number | undefined {
  return counts && sum(Object.values(counts));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
