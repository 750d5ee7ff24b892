import { constants } from 'node:os';
import { callsUnderWay } from '@millrace/streams';
import type { Notify } from './notice.js';

/** A first process of a container takes no signals from itself. */
const INIT = 1;

/** Longer than the native client's calls take, those that come back. */
const CALLS_WITHIN_MS = 12_000;

/** Should a process on Kafka not end by itself: twice as long as the steps of closing take that are bounded themselves. */
export const KAFKA_ENDS_WITHIN_MS = 25_000;

/**
 * Has the process end by itself, now that its work is done. Should a call into a native client not come back, it is ended:
 * Node would wait for it for ever, also in `process.exit`.
 */
export function endWhenDone(code: number): void {
  process.exitCode = code;
  const timer = setTimeout(() => {
    if (callsUnderWay() > 0) endProcess(code);
  }, CALLS_WITHIN_MS);
  timer.unref();
}

/** Ends the process now, in order where that is possible. */
export function endProcess(code: number): void {
  if (callsUnderWay() === 0) process.exit(code);
  // Supervisors take SIGTERM for an end in order.
  endBySignal(code === 0 ? 'SIGTERM' : 'SIGKILL');
}

/** Ends the process as the signal does by default, whatever its threads are doing. */
export function endBySignal(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
  if (process.pid === INIT) process.exit(128 + constants.signals[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** Ends the process that long after it was told to stop, should its work not have ended by then. */
export function endInTime(stop: AbortSignal, afterMs: number, onNotice: Notify): void {
  stop.addEventListener(
    'abort',
    () => {
      const timer = setTimeout(() => {
        onNotice({ kind: 'not-ended', afterMs });
        endBySignal('SIGTERM');
      }, afterMs);
      timer.unref();
    },
    { once: true },
  );
}
