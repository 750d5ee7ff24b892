import { type RefObject, useEffect } from 'react';

/** Where there is no room for all of a row, the one that is chosen is among those that are seen; the page stays where it is. */
export function useIntoView(row: RefObject<HTMLElement | null>, chosen: string): void {
  useEffect(() => {
    const { current: all } = row;
    const one = all?.querySelector<HTMLElement>('[aria-pressed="true"], [aria-current]');
    if (!all || !one) return;
    all.scrollLeft += one.getBoundingClientRect().left - all.getBoundingClientRect().left - 24;
  }, [row, chosen]);
}
