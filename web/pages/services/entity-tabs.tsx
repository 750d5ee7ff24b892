import { Link } from 'wouter';
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
  return (
    <nav className="seg" aria-label="What is watched">
      {TABS.map(([path, name]) => (
        <Link key={path} href={linkTo(path)} aria-current={path === at ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
