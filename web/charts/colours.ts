import { useSyncExternalStore } from 'react';

/** The tokens that charts draw with: a canvas knows no custom properties. */
export type Token =
  | 'text-2'
  | 'text-3'
  | 'line'
  | 'band'
  | 'critical-fill'
  | 'warning-fill'
  | 'accent'
  | 'vol'
  | 'p50'
  | 'p95'
  | 'p99'
  | 's1'
  | 's2'
  | 's3'
  | 's4'
  | 's5';

let probe: HTMLElement | undefined;

export function colour(token: Token): string {
  if (probe === undefined) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

let version = 0;
const listeners = new Set<() => void>();

function changed(): void {
  version++;
  for (const listener of listeners) listener();
}

new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ['data-theme'] });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Rises when the theme changes: what is drawn is drawn again. */
export function useThemeVersion(): number {
  return useSyncExternalStore(subscribe, () => version);
}
