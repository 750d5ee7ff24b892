import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { useLiveStore } from '../live/use-live.js';
import { useRangeLink } from './range.js';
import { chooseTheme, THEMES, theme } from './theme.js';

const PAGES: Readonly<Record<string, string>> = {
  o: '/',
  i: '/incidents',
  l: '/logs',
  s: '/services',
  p: '/pipeline',
  q: '/sql',
  a: '/alerts',
};

const OFF = 'millrace.single-keys-off';
const SEQUENCE_MS = 1_200;

export const singleKeysAreOn = (): boolean => localStorage.getItem(OFF) === null;

export function switchSingleKeys(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, '1');
}

function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, dialog, [data-typing]') !== null)
  );
}

/** Whether the key is for what has the focus: a link or button is pressed with it. */
function isPressed({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest('a, button, summary') !== null;
}

/** Keys of a page: each does something unless something is typed, or single keys are switched off. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (event.key === 'Enter' && isPressed(event)) return;
      if (event.key.length === 1 && (!singleKeysAreOn() || awaitsPage)) return;
      const act = latest.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

let awaitsPage = false;

/** Keys of every page: `g` and a page, pause, theme, the list of keys, the filter. */
export function useShellKeys(): void {
  const [, navigate] = useLocation();
  const store = useLiveStore();
  const rangeLink = useRangeLink();
  const linkTo = useRef(rangeLink);
  linkTo.current = rangeLink;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const press = (event: KeyboardEvent) => {
      if (!awaitsPage || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const page = PAGES[event.key];
      clearTimeout(timer);
      // After all others have seen that this key was the second one.
      setTimeout(() => {
        awaitsPage = false;
      });
      if (page !== undefined) navigate(linkTo.current(page));
    };
    const begin = (event: KeyboardEvent) => {
      if (event.key !== 'g' || awaitsPage || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event) || !singleKeysAreOn()) return;
      awaitsPage = true;
      timer = setTimeout(() => {
        awaitsPage = false;
      }, SEQUENCE_MS);
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    addEventListener('keydown', press);
    addEventListener('keydown', begin);
    return () => {
      clearTimeout(timer);
      removeEventListener('keydown', press);
      removeEventListener('keydown', begin);
    };
  }, [navigate]);
  useKeys({
    p: () => store.toggle(),
    t: () => chooseTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? 'system'),
    '?': () => document.getElementById('pop-help')?.togglePopover(),
    '/': () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
  });
}
