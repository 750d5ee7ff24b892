import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../producer/random.js';
import { Brokers } from '../brokers/brokers.js';
import { StandaloneRegistry } from '../brokers/registry.js';
import { simulated } from '../reference/events.js';
import { ClusterPipeline } from './cluster-pipeline.js';

/** `npm run test:faults` sets these; without them the run is short. */
const SEED = Number(process.env['MILLRACE_FAULTS_SEED'] ?? 1);
const MINUTES = Number(process.env['MILLRACE_FAULTS_MINUTES'] ?? 0);
/** The brokers miss one of them after 6 s. */
const AWAY_MS = 9000;
const PAUSE_MS = 6000;

const reason = await Brokers.whyNot();
if (reason === undefined) await StandaloneRegistry.download();

type Fault = (broker: Brokers['at'] extends (index: number) => infer Node ? Node : never) => Promise<void>;

/** What happens to one of the brokers at a time; at the end of each it is back. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'kill -9': async (broker) => {
    await broker.kill();
    await delay(AWAY_MS);
    await broker.start();
  },
  'stopped in order': async (broker) => {
    await broker.stop();
    await delay(AWAY_MS);
    await broker.start();
  },
  'stopped in order, and started at once': async (broker) => {
    await broker.stop();
    await broker.start();
  },
  'frozen for 4 s': (broker) => broker.freeze(4000),
  'frozen beyond its session': (broker) => broker.freeze(AWAY_MS),
  'frozen for 0.8 s of each second, for 15 s': (broker) => broker.stutter(15_000),
  'cut off from its clients for 9 s': (broker) => broker.cutOff(AWAY_MS),
};

/** Brokers are lost more often than anything else happens. */
const DRAWN = [...Object.keys(FAULTS), 'kill -9', 'kill -9', 'kill -9', 'stopped in order', 'stopped in order'];

describe.skipIf(reason)('on three brokers', { timeout: 300_000 + MINUTES * 90_000 }, () => {
  let pipeline: ClusterPipeline | undefined;
  const journal: string[] = [];
  const startedAt = performance.now();
  const note = (what: string) => {
    journal.push(`${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${what}`);
    if (MINUTES > 0) console.log(journal.at(-1));
  };

  afterEach(async () => {
    await pipeline?.close();
    pipeline = undefined;
  }, 60_000);

  it('two pipelines give the results of one that never stopped, whichever broker is killed, stopped, frozen or cut off', async () => {
    const random = new Random(SEED);
    pipeline = await ClusterPipeline.create(simulated(Math.max(60_000, MINUTES * 40_000), SEED, 2000), note);
    const { brokers } = pipeline;
    // The topics are made while one of the brokers does not answer.
    const frozen = brokers.at(random.below(brokers.count)).freeze(3000);
    const first = pipeline.start('first');
    const second = pipeline.start('second');
    await frozen;
    const stop = new AbortController();
    const fed = pipeline.feed(stop.signal);
    let failure: unknown;
    fed.catch((error: unknown) => {
      failure = error;
    });
    const counts: Record<string, number> = {};
    const short = ['kill -9', 'frozen for 4 s', 'frozen for 0.8 s of each second, for 15 s', 'stopped in order'];
    const until = performance.now() + MINUTES * 60_000;
    try {
      for (let i = 0; MINUTES > 0 ? performance.now() < until : i < short.length; i++) {
        await delay(PAUSE_MS);
        pipeline.requireRunning();
        if (failure !== undefined) throw failure;
        const name = (MINUTES > 0 ? DRAWN[random.below(DRAWN.length)] : short[i]) as string;
        const index = random.below(brokers.count);
        note(`broker ${index + 1}: ${name}`);
        await FAULTS[name]?.(brokers.at(index));
        counts[name] = (counts[name] ?? 0) + 1;
      }
      await delay(PAUSE_MS);
      stop.abort();
      await fed;
      await pipeline.caughtUp();
    } catch (cause) {
      stop.abort();
      throw new Error(`seed ${SEED}: ${(cause as Error).message}\n\n${journal.join('\n')}\n\n${pipeline.said}`, {
        cause,
      });
    }
    const said = [await pipeline.stop(first), await pipeline.stop(second)].map(({ stderr }) => stderr);
    note(await pipeline.expectReferenceResults());
    console.log(`seed ${SEED}: ${JSON.stringify(counts)}; ${journal.at(-1)}`);
    expect(said.join('')).not.toContain('refuses');
  });
});
