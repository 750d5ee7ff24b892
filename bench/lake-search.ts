/**
 * How long a search of the lake takes through the HTTP API: `npm run bench:lake-search`, by default over 10,000,000 lines of
 * ten days. What is asked for is a day, which lies in the lake alone. A table that was made stays with `--keep DIRECTORY`.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { serve } from '../api/serve.js';
import { LAKE_SOURCES } from '../app/lake/lake-sources.js';
import { openLog } from '../app/log/open-log.js';
import { LakeWriter } from '../lake/lake-writer.js';
import { optimize } from '../lake/optimize.js';
import { ServiceLogSimulator } from '../producer/service-log-simulator.js';
import { TopicWriter } from '../producer/topic-writer.js';
import { SchemaDirectory } from '../schemas/schema-directory.js';
import { DEFAULT_APPLICATION_CONFIG as config, topicsOf } from '../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../topology/serdes.js';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '10000000' },
    keep: { type: 'string' },
    runs: { type: 'string', default: '7' },
  },
});
const DAYS = 10;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);
const BATCH = 20_000;
const lines = Number(values.lines);
const directory = values.keep ?? mkdtempSync(join(tmpdir(), 'millrace-search-'));

async function makeTable(): Promise<void> {
  const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
  const schemas = new SchemaDirectory(join(directory, 'schemas.json'));
  const topics = topicsOf(config);
  await log.ensureTopic(config.topics.serviceLogs, { partitions: 4, retentionBytes: 64 * 2 ** 20 });
  const serdes = (await registerSerdes(schemas, topics)) as TopicSerdes;
  const linesPerSecond = lines / ((DAYS * DAY_MS) / 1000);
  const simulator = new ServiceLogSimulator({ seed: 1, startMs: START_MS, linesPerSecond, faults: [], season: 0 });
  const writer = await TopicWriter.create({
    ...{ log, topic: config.topics.serviceLogs, serde: serdes.serviceLogs },
    keyOf: ({ service }) => service,
  });
  const sources = LAKE_SOURCES.filter(({ kind }) => kind === 'service');
  const lake = await LakeWriter.open({ log, schemas, directory: join(directory, 'lake'), sources, maxRows: 250_000 });
  const next = () => simulator.next().line;
  while (writer.written < lines) {
    await writer.write(Array.from({ length: Math.min(BATCH, lines - writer.written) }, next));
    // The log keeps less than the lake.
    if (writer.written % (BATCH * 25) === 0) await lake.drain();
  }
  await lake.drain();
  await lake.close();
  await log.close();
  await optimize(join(directory, 'lake'));
}

interface Answer {
  readonly items?: readonly unknown[];
  readonly total?: number;
  readonly searched: { readonly store: string };
}

const made = performance.now();
mkdirSync(directory, { recursive: true });
if (!existsSync(join(directory, 'lake'))) {
  await makeTable();
  console.log(`${lines} lines of ${DAYS} days in ${((performance.now() - made) / 1000).toFixed(0)} s`);
}
const onNotice = () => {};
const signal = new AbortController().signal;
const data = await openLog(directory, { purpose: { runs: 'reader' }, signal, onNotice });
const server = await serve({
  ...{ log: data.log, schemas: data.schemas, config, auth: false, version: 'bench' },
  ...{ address: { host: '127.0.0.1', port: 0 }, directory: join(directory, 'http') },
  lakeDirectory: join(directory, 'lake'),
});
while ((await fetch(`${server.url}/health/ready`)).status !== 200) await new Promise((done) => setTimeout(done, 100));

const day = `from=${START_MS + 4 * DAY_MS}&to=${START_MS + 5 * DAY_MS}`;
const QUESTIONS = {
  'lines of a day by level': `/logs?${day}&q=level:ERROR`,
  'lines of a day by service and number': `/logs?${day}&q=service:auth-*%20response_time:%3E500`,
  'lines of a day by words': `/logs?${day}&q=%22out%20of%20memory%22`,
  'no line of a day': `/logs?${day}&q=%22nothing%20says%20this%22`,
  'histogram of a day': `/logs/histogram?${day}&step=15m`,
};
for (const [name, path] of Object.entries(QUESTIONS)) {
  const times: number[] = [];
  let found: Answer | undefined;
  for (let run = 0; run < Number(values.runs); run++) {
    const startedAt = performance.now();
    const response = await fetch(`${server.url}/api/v1${path}`);
    found = (await response.json()) as Answer;
    if (response.status !== 200 || found.searched.store !== 'lake')
      throw new Error(JSON.stringify(found).slice(0, 300));
    times.push(performance.now() - startedAt);
  }
  times.sort((one, other) => one - other);
  const at = (share: number) => `${Math.round(times[Math.floor(share * (times.length - 1))] ?? 0)} ms`;
  const answer = found?.total ?? found?.items?.length;
  console.log(`${name.padEnd(40)} median ${at(0.5)}, slowest ${at(1)}; ${answer} in the answer`);
}
await server.close();
await data.close();
if (values.keep === undefined) rmSync(directory, { recursive: true, force: true });
