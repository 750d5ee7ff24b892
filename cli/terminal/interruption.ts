import { constants } from 'node:os';
import { MillraceError } from '@millrace/streams';
import { endBySignal } from '../../app/end-process.js';
import { isInterruption } from '../../app/log/interrupted.js';

/** One Ctrl-C may arrive twice: from the terminal, and from a program around this one that passes it on. */
const SAME_SIGNAL_MS = 300;

let toldToStopBy: 'SIGINT' | 'SIGTERM' | undefined;

/** Work that has an end was stopped before it: printed as it is, with the exit code that shells know such an end by. */
export class InterruptedError extends MillraceError<'INTERRUPTED'> {
  constructor(message: string) {
    super('INTERRUPTED', message);
  }

  get exitCode(): number {
    return 128 + constants.signals[toldToStopBy ?? 'SIGINT'];
  }
}

/**
 * Aborts at the first SIGINT or SIGTERM, for work to be committed and closed; at the second the process ends as it is,
 * which loses nothing either, for what is not committed is done again.
 *
 * @param onSecond called before the process ends
 */
export function stopOnSignals(stop: AbortController, onSecond: () => void = () => {}): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      toldToStopBy ??= signal;
      firstAt ??= stop.signal.aborted ? Number.NEGATIVE_INFINITY : performance.now();
      stop.abort();
      if (performance.now() - firstAt < SAME_SIGNAL_MS) return;
      onSecond();
      endBySignal(signal);
    });
  }
}

/** Whether a signal has told this process to stop. */
export function isToldToStop(): boolean {
  return toldToStopBy !== undefined;
}

/** Whether a command failed because a signal told it to stop while it waited for a service. */
export function isEndBySignal(error: unknown): boolean {
  return isToldToStop() && isInterruption(error);
}
