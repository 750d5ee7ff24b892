import { createContext, use, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { type LiveSnapshot, LiveStore } from './live-store.js';

export const LiveContext = createContext(new LiveStore());

export const useLiveStore = (): LiveStore => use(LiveContext);

/** A part of the stream's snapshot; the component renders again when that part has changed. */
export function useLive<T>(select: (snapshot: LiveSnapshot) => T): T {
  const store = useLiveStore();
  return useSyncExternalStore(store.subscribe, () => select(store.snapshot()));
}

/** The clock, by steps: for what says how long ago something was. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

const STALE_MS = 10_000;

/** When the newest event came, by the clock here, once that is too long ago for figures to be those of now. */
export function useStaleSince(): number | undefined {
  const idleMs = useLive((live) => live.figures?.idle_ms ?? 0);
  const figuresAt = useLive((live) => live.figuresAt);
  const isPaused = useLive((live) => live.isPaused);
  const now = useNow();
  if (figuresAt === null || isPaused) return undefined;
  // Either the server says so, or it says nothing any longer.
  const isStale = idleMs >= STALE_MS || now - figuresAt > STALE_MS;
  return isStale ? figuresAt - idleMs : undefined;
}

/** The last value from before the stream was paused: what is looked at stands still. */
export function useStill<T>(value: T): T {
  const isPaused = useLive((live) => live.isPaused);
  const kept = useRef(value);
  if (!isPaused) kept.current = value;
  return kept.current;
}
