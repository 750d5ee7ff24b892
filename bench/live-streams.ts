/**
 * What 1,000 clients of the live stream cost a pipeline: `npm run bench:streams`. A pipeline reads its input as fast as it
 * can, with the server beside it, once with nobody looking and once with all of them; the runs alternate.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    count: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    port: { type: 'string', default: '4870' },
  },
});
const PROGRAM = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));
const clients = Number(values.clients);
const count = Number(values.count);

interface Round {
  readonly eventsPerSecond: number;
  /** Of all clients. */
  readonly received: number;
  readonly megabytes: number;
}

async function round(looking: number, port: number): Promise<Round> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-streams-'));
  const args = ['start', '--data-dir', directory, '--count', String(count), '--seed', '1', '--no-lake', '--no-auth'];
  const pipeline = spawn('node', [PROGRAM, ...args, '--http', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [pipeline.stdout, pipeline.stderr]) stream.on('data', (text: Buffer) => (said += text));
  let received = 0;
  let bytes = 0;
  const requests: ClientRequest[] = [];
  try {
    const url = await waitFor(
      () => /dashboard: (http:\/\/[\d.:]+)/.exec(said)?.[1],
      pipeline,
      () => said,
    );
    const startedAt = performance.now();
    for (let client = 0; client < looking; client++) {
      const request = get(
        `${url}/api/v1/events?types=log,metrics,alert,incident,topology&lines_per_second=20`,
        (response) => {
          response.on('data', (text: Buffer) => {
            bytes += text.length;
            for (let at = text.indexOf('\nevent:'); at >= 0; at = text.indexOf('\nevent:', at + 1)) received++;
          });
        },
      );
      request.on('error', () => {});
      requests.push(request);
    }
    await waitFor(
      () => (said.includes('the input has ended') ? true : undefined),
      pipeline,
      () => said,
    );
    const seconds = (performance.now() - startedAt) / 1000;
    return { eventsPerSecond: count / seconds, received, megabytes: bytes / 1e6 };
  } finally {
    for (const request of requests) request.destroy();
    const exited = new Promise((resolve) => pipeline.once('exit', resolve));
    pipeline.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  }
}

async function waitFor<T>(ask: () => T | undefined, pipeline: ChildProcess, said: () => string): Promise<T> {
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (pipeline.exitCode !== null) throw new Error(`the pipeline has ended:\n${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const results: { alone: number[]; watched: number[] } = { alone: [], watched: [] };
for (let number = 0; number < Number(values.rounds); number++) {
  for (const looking of [0, clients]) {
    const { eventsPerSecond, megabytes, received } = await round(looking, Number(values.port));
    (looking === 0 ? results.alone : results.watched).push(eventsPerSecond);
    const sent = looking === 0 ? '' : `, ${received} events to them (${megabytes.toFixed(0)} MB)`;
    console.log(`${String(looking).padStart(5)} clients: ${Math.round(eventsPerSecond)} events/s${sent}`);
  }
}
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
console.log(
  `with ${clients} clients ${((100 * median(results.watched)) / median(results.alone)).toFixed(0)} % of the rate without`,
);
