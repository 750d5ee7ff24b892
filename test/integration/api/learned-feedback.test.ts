import { Streams } from '@millrace/streams';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FollowedFeedback } from '../../../app/feedback/followed-feedback.js';
import type { ServiceLog } from '../../../schemas/records.js';
import { applicationTopology } from '../../../topology/application.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { RECORD_FAULTS } from '../../../topology/record-faults.js';
import { NO_MODEL } from '../../../topology/services/service-model.js';
import { until } from '../../until.js';
import { temporaryDirectory } from '../millrace.js';
import { type Served, served } from './served.js';

const START = Date.UTC(2026, 2, 2, 9);
const MINUTE = 60_000;
const SERVICE = 'checkout';
const CONFIG = { ...DEFAULT_APPLICATION_CONFIG, pipelines: ['services'] as const, watchesClock: false };

type Fields = Readonly<Record<string, unknown>>;

const LINE: Omit<ServiceLog, 'timestamp' | 'level'> = {
  ...{ service: SERVICE, message: 'done', response_time: null, endpoint: null, method: null, status: null },
  ...{ user_id: null, session_id: null, request_id: null, ip: null, bytes: null, source: null, is_anomaly: false },
};

let server: Served;
let state: Awaited<ReturnType<typeof temporaryDirectory>>;
let pipeline: { stop(): Promise<void>; lag(): Promise<number> };
/** How many minutes of lines there are. */
let minutes = 0;

beforeAll(async () => {
  server = await served({ auth: false });
  state = await temporaryDirectory();
  pipeline = await startPipeline();
});
afterAll(async () => {
  await pipeline?.stop();
  await server?.stop();
  await state?.remove();
});

/** As `millrace start` runs it. */
async function startPipeline() {
  const feedback = await FollowedFeedback.follow(server.log, ({ kind }) => {
    throw new Error(kind);
  });
  const streams = new Streams(applicationTopology(CONFIG, server.serdes, NO_MODEL, feedback), {
    ...{ applicationId: 'pipeline', log: server.log, commitInterval: 20, stateDirectory: state.path },
    ...{ deadLetterTopic: CONFIG.topics.deadLetters, lateTopic: CONFIG.topics.late, ...RECORD_FAULTS },
  });
  await streams.start();
  return {
    lag: () => streams.lag(),
    stop: async () => {
      await streams.close();
      await feedback.close();
    },
  };
}

/** So many minutes of ten lines a second; of those of a minute so many in ten fail. At equal distances it would be a habit. */
async function happens(failing: number, length: number): Promise<void> {
  const lines: ServiceLog[] = [];
  const from = START + minutes * MINUTE;
  for (let second = 0; second < length * 60; second++) {
    for (let i = 0; i < 10; i++) {
      const isBad = second >= 480 && second < 540 && i < failing;
      lines.push({ ...LINE, timestamp: from + second * 1000 + i * 100, level: isBad ? 'ERROR' : 'INFO' });
    }
  }
  minutes += length;
  await server.append('serviceLogs', lines);
  await until(async () => (await pipeline.lag()) === 0);
  // All of it has been judged when the last windows are there.
  const last = START + minutes * MINUTE - 10_000;
  await until(async () => {
    const { latest } = (await ask(`/services/${SERVICE}`)) as { latest?: Fields };
    return latest !== undefined && (latest['window_start'] as number) >= last;
  });
}

async function ask(path: string, body?: object, method = body === undefined ? 'GET' : 'POST'): Promise<Fields> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-millrace': '1' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.status === 204 ? {} : ((await response.json()) as Fields);
}

async function incidents(): Promise<Fields[]> {
  return (await ask('/incidents?limit=100'))['items'] as Fields[];
}

it('what was fine is no incident again, also after a restart, until it is graver or that is taken back', async () => {
  await happens(3, 12);
  await until(async () => (await incidents()).length === 1);
  const [first] = await incidents();
  expect(first).toMatchObject({ state: 'resolved', scope: `service/${SERVICE}` });
  const id = encodeURIComponent(String(first?.['id']));
  await ask(`/incidents/${id}/feedback`, { was_fine: true, note: 'the import', for: '7d' });
  const learned = (await ask(`/incidents/${id}`))['learned'] as Fields[];
  expect(learned).toMatchObject([{ verdict: 'fine', note: 'the import', entities: 'same' }]);
  expect(JSON.stringify(learned)).toContain('errors of checkout up to');
  await pipeline.stop();
  pipeline = await startPipeline();

  await happens(3, 17);
  expect(await incidents()).toHaveLength(1);
  const quiet = (await ask('/feedback/quiet'))['items'] as Fields[];
  expect(quiet[0]).toMatchObject({ feedback: learned[0]?.['id'], alert: { entity: SERVICE } });
  expect((await ask('/feedback'))['items']).toMatchObject([{ id: learned[0]?.['id'], kept_quiet: quiet.length }]);

  await happens(10, 13);
  await until(async () => (await incidents()).length === 2);

  await ask(`/feedback/${String(learned[0]?.['id'])}`, undefined, 'DELETE');
  await until(async () => ((await ask('/feedback'))['items'] as Fields[]).length === 0);
  await pipeline.stop();
  pipeline = await startPipeline();
  await happens(3, 12);
  await until(async () => (await incidents()).length === 3);
});
