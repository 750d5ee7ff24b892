import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ingest } from '../../../app/ingestion/ingest.js';
import { type OpenLog, openLog } from '../../../app/log/open-log.js';
import { prepareTopics } from '../../../app/log/topics.js';
import type { Notice } from '../../../app/notice.js';
import type { PipelineOptions } from '../../../app/pipeline/pipeline.js';
import { runPipeline } from '../../../app/pipeline/run-pipeline.js';
import { readResults } from '../../../app/results/results-reader.js';
import { newWriterMetrics } from '../../../producer/raw-topic-writer.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';

const CONFIG = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['goals'], watchesClock: false } as const;
const OPTIONS: PipelineOptions = {
  applicationId: 'hosted',
  commitInterval: 20,
  idle: 'never',
  maxTimeAhead: 86_400_000,
  numStandbyReplicas: 0,
};

let directory: string;
let data: OpenLog;
let notices: Notice[];
const { signal } = new AbortController();
const onNotice = (notice: Notice) => {
  notices.push(notice);
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-app-'));
  notices = [];
  data = await openLog(directory, { purpose: { runs: 'tasks' }, signal, onNotice });
});

afterEach(async () => {
  await data.close();
  await rm(directory, { recursive: true });
});

it('is hosted without a terminal: a log by its URL, a source, a pipeline and its results', async () => {
  const input = join(directory, 'access.log');
  // 12 requests of one client within 12 s: in some window there are more than the 10 of goal 1.
  const lines = Array.from({ length: 12 }, (_, second) => {
    const time = `31/Jan/2026:10:00:${String(second).padStart(2, '0')} +0000`;
    return `203.0.113.5 - - [${time}] "GET / HTTP/1.1" 200 1 "-" "-"\n`;
  });
  await writeFile(input, lines.join(''));
  const serdes = await prepareTopics(data, CONFIG, 1);
  const results = await readResults(data.log, CONFIG, serdes, { from: 'now' });
  const pipeline = await runPipeline({
    ...{ data, config: CONFIG, serdes, options: OPTIONS, onNotice },
    onFailure: () => {},
  });
  expect(pipeline.state).toMatch(/^(RUNNING|REBALANCING)$/);
  const metrics = newWriterMetrics();
  await ingest(
    {
      ...{ kind: 'files', inputs: [input], format: 'auto', host: 'shop.example', server: 'web1' },
      ...{ maxAheadMs: 3_600_000, excludedPaths: [], follow: false },
    },
    { data, config: CONFIG, serdes, metrics, signal, onNotice },
  );
  await pipeline.drain();
  expect(metrics.events).toBe(12);
  expect(await pipeline.lag()).toBe(0);
  expect(pipeline.metrics.recordsConsumed).toBe(12);
  await pipeline.close();
  await pipeline.close();
  expect(pipeline.state).toBe('NOT_RUNNING');
  await results.readToEnd();
  expect(results.goals[0]?.top(1)).toMatchObject([{ entity: '203.0.113.5', count: 12 }]);
  await results.close();
  expect(notices).toEqual([]);
});

it('tells its host what it has to say as data', async () => {
  const config = { ...CONFIG, pipelines: ['services'] } as const;
  const serdes = await prepareTopics(data, config, 1);
  await writeFile(join(directory, 'services-1.json'), 'no model');
  const pipeline = await runPipeline({
    ...{ data, serdes, onNotice, config },
    options: { ...OPTIONS, modelsDirectory: directory },
    onFailure: () => {},
  });
  await pipeline.close();
  expect(notices).toEqual([
    { kind: 'model-refused', path: join(directory, 'services-1.json'), why: expect.any(String) },
  ]);
});

it('needs a registry for a log on Kafka, and says so before it connects', async () => {
  const opened = openLog('kafka://127.0.0.1:1', { purpose: { runs: 'reader' }, signal, onNotice });
  await expect(opened).rejects.toMatchObject({ code: 'REGISTRY_MISSING' });
});
