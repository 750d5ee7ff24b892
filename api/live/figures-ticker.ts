import type { EventHub } from './event-hub.js';
import type { LiveResults } from './live-results.js';
import { systemFiguresOf } from './system-metrics.js';

const TICK_MS = 1_000;
const TICKS_PER_FIGURES = 5;
const MINUTE_MS = 60_000;
/** After so long without a new record figures are no longer those of now. */
export const QUIET_MS = 10_000;

/**
 * Publishes the figures of the last minute every 5 s as `metrics` events, and at once when nothing new has come for
 * 10 s or something comes again, so that a page need not guess. Returns what ends it.
 */
export function publishFigures(live: LiveResults, events: EventHub): () => void {
  let ticks = 0;
  let wasQuiet = false;
  const timer = setInterval(() => {
    if (events.listeners === 0) return;
    const idleMs = live.idleMs;
    const isQuiet = idleMs >= QUIET_MS;
    const isDue = ++ticks >= TICKS_PER_FIGURES || isQuiet !== wasQuiet;
    wasQuiet = isQuiet;
    if (!isDue) return;
    ticks = 0;
    const to = live.latestTime + 1;
    const figures = systemFiguresOf(live, { from: to - MINUTE_MS, to }, true);
    events.publish('metrics', { time: to, idle_ms: idleMs, ...figures });
  }, TICK_MS);
  return () => clearInterval(timer);
}
