import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { incidentsOf } from '../api/questions.js';
import { Icon, type IconName } from '../parts/icon.js';
import { gravestOf } from '../parts/incident-words.js';
import { useRangeLink } from './range.js';
import { chooseTheme, THEMES, type Theme, theme } from './theme.js';
import { useVisitor } from './visitor.js';

interface Item {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
  readonly key: string;
  readonly also?: readonly string[];
}

const ITEMS: readonly Item[] = [
  { path: '/', name: 'Overview', icon: 'overview', key: 'g o' },
  { path: '/incidents', name: 'Incidents', icon: 'incidents', key: 'g i' },
  { path: '/logs', name: 'Logs', icon: 'logs', key: 'g l' },
  { path: '/services', name: 'Services', icon: 'services', key: 'g s', also: ['/hosts', '/sensors', '/goals'] },
  { path: '/pipeline', name: 'Pipeline', icon: 'pipeline', key: 'g p' },
  { path: '/sql', name: 'SQL', icon: 'sql', key: 'g q' },
  { path: '/alerts', name: 'Alerts', icon: 'alerts', key: 'g a' },
];

function isAt(location: string, { also = [], path }: Item): boolean {
  if (path === '/') return location === '/';
  return [path, ...also].some((one) => location === one || location.startsWith(`${one}/`));
}

export function Rail() {
  const [location] = useLocation();
  const linkTo = useRangeLink();
  const { data: open } = useQuery(incidentsOf({ state: 'open' }));
  const gravest = gravestOf(open?.items ?? []);
  const { name } = useVisitor();
  return (
    <nav className="rail" aria-label="Main">
      <Link className="brand" href={linkTo('/')} aria-label="Millrace">
        <Icon name="logo" />
        Millrace
      </Link>
      <ul>
        {ITEMS.map((item) => (
          <li key={item.path}>
            <Link
              href={linkTo(item.path)}
              title={`${item.name}  ${item.key}`}
              aria-current={isAt(location, item) ? 'page' : undefined}
            >
              <Icon name={item.icon} />
              <span>{item.name}</span>
              {item.path === '/incidents' && open !== undefined && open.items.length > 0 && (
                <span className={`badge ${gravest?.severity === 'critical' ? 'critical' : ''}`}>
                  <span className="vh">open: </span>
                  {open.items.length}
                </span>
              )}
            </Link>
          </li>
        ))}
        <li className="more">
          <button type="button" popoverTarget="pop-me">
            <Icon name="more" />
            <span>More</span>
          </button>
        </li>
      </ul>
      <ul className="rail-f">
        <li>
          <button type="button" popoverTarget="pop-help" title="Keyboard  ?">
            <Icon name="keyboard" />
            <span>Keyboard</span>
          </button>
        </li>
        <li>
          <Link href="/settings" title="Settings" aria-current={location === '/settings' ? 'page' : undefined}>
            <Icon name="settings" />
            <span>Settings</span>
          </Link>
        </li>
        <li>
          <button type="button" popoverTarget="pop-me" title="Account and theme">
            <Icon name="user" />
            <span>{name}</span>
          </button>
        </li>
      </ul>
    </nav>
  );
}

const THEME_ICONS = { light: 'sun', dark: 'moon', system: 'monitor' } as const;
const THEME_WORDS = { light: 'Light', dark: 'Dark', system: 'System' } as const;

export function AccountMenu() {
  const [chosen, setChosen] = useState(theme);
  const { canSignOut, name, role, signOut } = useVisitor();
  const close = () => document.getElementById('pop-me')?.hidePopover();
  const choose = (next: Theme) => {
    chooseTheme(next);
    setChosen(next);
  };
  return (
    <div
      popover="auto"
      id="pop-me"
      className="pop me"
      role="dialog"
      aria-label="Account and theme"
      onToggle={() => setChosen(theme())}
    >
      <p className="pop-t">
        {name} <span className="dim">{role}</span>
      </p>
      <fieldset className="theme">
        <legend className="vh">Theme</legend>
        {THEMES.map((one) => (
          <label key={one}>
            <input type="radio" name="theme" checked={chosen === one} onChange={() => choose(one)} />
            <Icon name={THEME_ICONS[one]} />
            {THEME_WORDS[one]}
          </label>
        ))}
      </fieldset>
      <ul className="menu">
        {ITEMS.slice(4).map(({ icon, name: page, path }) => (
          <li key={path} className="only-s">
            <Link href={path} onClick={close}>
              <Icon name={icon} />
              {page}
            </Link>
          </li>
        ))}
        <li className="only-s">
          <Link href="/settings" onClick={close}>
            <Icon name="settings" />
            Settings
          </Link>
        </li>
        <li>
          <button type="button" popoverTarget="pop-help">
            <Icon name="keyboard" />
            Keyboard
            <span className="r">
              <kbd>?</kbd>
            </span>
          </button>
        </li>
        {canSignOut && (
          <li>
            <button type="button" onClick={signOut}>
              <Icon name="user" />
              Sign out
            </button>
          </li>
        )}
      </ul>
    </div>
  );
}
