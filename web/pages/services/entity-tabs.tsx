import { useRef } from 'react';
import { Link } from 'wouter';
import { useIntoView } from '../../parts/use-into-view.js';
import { useRangeLink } from '../../shell/range.js';

const TABS = [
  ['/services', 'Services'],
  ['/hosts', 'Hosts'],
  ['/sensors', 'Sensors'],
  ['/goals', 'Goals'],
] as const;

/** Pages of one build: what is watched, by its kind. */
export function EntityTabs({ at }: { readonly at: (typeof TABS)[number][0] }) {
  const linkTo = useRangeLink();
  const row = useRef<HTMLElement>(null);
  useIntoView(row, at);
  return (
    <nav ref={row} className="seg" aria-label="What is watched">
      {TABS.map(([path, name]) => (
        <Link key={path} href={linkTo(path)} aria-current={path === at ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
