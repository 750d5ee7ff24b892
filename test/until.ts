import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

export interface UntilOptions {
  /**
   * Reads how far what is waited for has come: a count, an offset, the length of a log. Each change of it is progress,
   * and the wait begins anew. A read that fails tells of none.
   */
  readonly progress?: () => unknown;
  /**
   * How long nothing may move, in milliseconds of a machine that does nothing else: it is counted in looks, and a busy
   * machine looks more seldom. Default 30,000.
   */
  readonly patienceMs?: number;
}

/**
 * Looks again and again until there is an answer other than undefined and false. It has no limit in all: it fails when
 * nothing has moved for a while.
 */
export async function until<Answer>(
  ask: () => Promise<Answer | undefined | false> | Answer | undefined | false,
  { patienceMs = 30_000, progress }: UntilOptions = {},
): Promise<Answer> {
  let reached: unknown;
  for (let looks = 0; looks * POLL_MS <= patienceMs; looks++) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    const now = await readOf(progress);
    if (now !== undefined && now !== reached) {
      reached = now;
      looks = 0;
    }
    await delay(POLL_MS);
  }
  const where = progress === undefined ? '' : `; it has come to ${String(reached)}`;
  throw new Error(`nothing has moved for ${patienceMs / 1000} s${where}`);
}

async function readOf(progress: UntilOptions['progress']): Promise<unknown> {
  try {
    return await progress?.();
  } catch {
    return undefined;
  }
}
