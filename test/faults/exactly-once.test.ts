import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { whyNoServices } from '../services/services.js';
import { EmbeddedUnderFire } from './embedded-under-fire.js';
import { Journal } from './journal.js';
import { KafkaUnderFire } from './kafka-under-fire.js';
import type { UnderFire, UnderFireOptions } from './under-fire.js';

/** `npm run test:faults` sets these; without them the run is short. */
const SEED = Number(process.env['MILLRACE_FAULTS_SEED'] ?? 1);
const KILLS = Number(process.env['MILLRACE_FAULTS_KILLS'] ?? 0);
const ROUND = KILLS > 0 ? { actions: 6, events: 4000, numbers: 2000 } : { actions: 3, events: 1000, numbers: 600 };
const LONGEST_MS = KILLS > 0 ? 7_200_000 : 240_000;

/** One round, or as many as it takes for so many kills. */
async function run(create: (options: UnderFireOptions) => Promise<UnderFire>): Promise<void> {
  const journal = new Journal({ print: KILLS > 0 });
  const startedAt = performance.now();
  const underFire = await create({ seed: SEED, journal });
  let round = 0;
  try {
    do {
      round++;
      journal.note(`round ${round} of seed ${SEED}`);
      await underFire.round(ROUND);
    } while (journal.kills < KILLS);
  } catch (cause) {
    const where = await underFire.report().catch((error: unknown) => String(error));
    await underFire.close();
    throw new Error(
      `seed ${SEED}, round ${round}: ${(cause as Error).message}\n\n${journal}\n\noutput of the processes: ${where}`,
      { cause },
    );
  }
  await underFire.close();
  await rm(underFire.directory, { recursive: true, force: true });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `seed ${SEED}: ${round} rounds in ${seconds} s, ${journal.kills} kills, results equal\n${journal.summary}`,
  );
  expect(journal.kills).toBeGreaterThan(0);
}

const reason = await whyNoServices(['kafka', 'registry']);

describe('nothing is lost and nothing doubled, whatever is done to', () => {
  it.skipIf(reason)('processes, state and broker on Kafka', { timeout: LONGEST_MS }, () =>
    run((options) => KafkaUnderFire.create(options)),
  );

  it('processes and state on embedded logs', { timeout: LONGEST_MS }, () =>
    run((options) => EmbeddedUnderFire.create(options)),
  );
});
