import { loadavg } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answers } from '../../../stack/http.js';
import { freePorts } from '../../../stack/ports.js';
import { KafkaPipeline } from '../../faults/kafka-pipeline.js';
import { pausesUnderLoad } from '../../faults/load.js';
import { simulated } from '../../reference/events.js';
import { until } from '../../until.js';
import { whyNoServices } from '../services.js';

/** Of a machine that does nothing else: a start is the work of several seconds. */
const READY_WITHIN_MS = 120_000;

const reason = await whyNoServices(['kafka', 'registry']);
let pipeline: KafkaPipeline | undefined;

afterEach(async () => {
  await pipeline?.close();
  pipeline = undefined;
});

/** Processes, each with a place and a port of its own, as pods have. */
class Pods {
  private constructor(
    readonly pipeline: KafkaPipeline,
    readonly ports: readonly number[],
    readonly options: readonly string[],
  ) {}

  static async create(pipeline: KafkaPipeline, options: readonly string[]): Promise<Pods> {
    const { connect, influxdb } = await freePorts();
    return new Pods(pipeline, [connect, influxdb], options);
  }

  /** Resolves when it is ready. */
  async start(place: number) {
    const { directory } = this.pipeline;
    const http = `127.0.0.1:${this.ports[place]}`;
    const pod = this.pipeline.start(
      ...['--data-dir', join(directory.path, `pod-${place}`), '--http', http, ...this.options],
    );
    await until(() => answers(`http://${http}/health/ready`), { patienceMs: READY_WITHIN_MS });
    return pod;
  }
}

const ways = [
  ['leave their group, with standbys', ['--standbys', '1']],
  ['keep their places in it', ['--static-membership']],
] as const;

describe.skipIf(reason)('two processes that are restarted one after the other under load', () => {
  it.each(ways)('lose nothing and double nothing when they %s', async (way, options) => {
    pipeline = await KafkaPipeline.create(simulated(60_000, 9, 2000));
    const pods = await Pods.create(pipeline, options);
    const running = await Promise.all([0, 1].map((place) => pods.start(place)));
    await pipeline.feed(5_000);
    await pipeline.caughtUp();

    const restarts: number[] = [];
    const pauses = await pausesUnderLoad(pipeline, async () => {
      for (const [place, pod] of running.entries()) {
        const begun = performance.now();
        const { code, stderr } = await pod.kill('SIGTERM');
        expect(code, stderr).toBe(0);
        running[place] = await pods.start(place);
        restarts.push(Math.round(performance.now() - begun));
      }
    });
    console.info(
      `processes that ${way}: restarted in ${restarts.join(', ')} ms; the longest pause of each partition was ` +
        `${pauses.join(', ')} ms; load ${loadavg()[0]?.toFixed(0)}`,
    );

    await pipeline.feedRest();
    await pipeline.caughtUp();
    for (const pod of running) expect((await pod.kill('SIGTERM')).code).toBe(0);
    await pipeline.expectReferenceResults();
  });
});

describe.skipIf(reason)('a process that keeps its place in the group', () => {
  it('has it again when it was killed and its session has ended', async () => {
    pipeline = await KafkaPipeline.create(simulated(5_000, 10, 2000));
    const pods = await Pods.create(pipeline, ['--static-membership']);
    const [first, other] = await Promise.all([pods.start(0), pods.start(1)]);
    await pipeline.feed(2_000);
    await pipeline.caughtUp();
    await first.kill('SIGKILL');
    const again = await pods.start(0);
    await pipeline.feedRest();
    await pipeline.caughtUp();
    for (const pod of [other, again]) expect((await pod.kill('SIGTERM')).code).toBe(0);
    await pipeline.expectReferenceResults();
  });
});
