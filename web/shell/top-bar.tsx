import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useLive, useLiveStore, useNow, useStaleSince } from '../live/use-live.js';
import { Icon } from '../parts/icon.js';
import { chooseTimeZone, instantOnClock, localZone, onClock, useTimeZone } from '../parts/time-zone.js';
import { duration, number, timeOfDay } from '../parts/wording.js';
import { BEFORE, COMPARE, SPANS, useRange, useRangeBefore, useRangeLink } from './range.js';
import { useSearchChanges } from './search-changes.js';

/** The page's name, what belongs to it, the range of time and the stream. */
export function TopBar({ children, title, range = true }: { title: string; children?: ReactNode; range?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Millrace`;
    // Who came by the keyboard begins at the page's title.
    if (document.activeElement === document.body || document.activeElement?.closest('.rail'))
      heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <header className="top">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
      <span className="sp" />
      {range && <RangePicker />}
      <LivePill />
    </header>
  );
}

function RangePicker() {
  const range = useRange();
  const before = useRangeBefore();
  const zone = useTimeZone();
  const change = useSearchChanges();
  const [problem, setProblem] = useState('');
  const choose = (from: string, to?: string) => {
    change({ from, to });
    document.getElementById('pop-range')?.hidePopover();
  };
  const fromTo = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const length = lengthIn(String(form.get('from')));
    const [from, to] = ['from', 'to'].map((name) => instantIn(String(form.get(name))));
    if (length !== undefined) choose(length);
    else if (from === undefined || to === undefined)
      setProblem('A time is written like 2026-11-27 14:02:05, a length before now like 45m, 12h or 3d.');
    else if (to <= from) setProblem('It ends before it begins.');
    else choose(String(from), String(to));
  };
  return (
    <>
      <button type="button" className="btn" popoverTarget="pop-range" aria-haspopup="dialog">
        <Icon name="clock" />
        {range.label}
        {before !== undefined && <span className="t2">and before</span>}
        {zone === 'local' && <span className="t2">local time</span>}
        <Icon name="down" className="dim" />
      </button>
      <div popover="auto" id="pop-range" className="pop range" role="dialog" aria-label="Time range">
        <p className="pop-t">
          Time range <span className="dim">{zone === 'UTC' ? 'UTC' : localZone()}</span>
        </p>
        <ul className="menu">
          {SPANS.map(({ label, value }) => (
            <li key={value}>
              <button
                type="button"
                onClick={() => choose(`now-${value}`)}
                aria-current={range.label === label || undefined}
              >
                {label}
                {range.label === label && <Icon name="check" />}
              </button>
            </li>
          ))}
        </ul>
        <form className="range-f" key={range.label} onSubmit={fromTo}>
          <label>
            From, or a length like 45m
            <input
              name="from"
              className="in mono"
              defaultValue={range.to === undefined ? '' : written(Number(range.from))}
              placeholder="2026-11-27 14:02:05"
            />
          </label>
          <label>
            To
            <input
              name="to"
              className="in mono"
              defaultValue={range.to === undefined ? '' : written(Number(range.to))}
              placeholder="now"
            />
          </label>
          <button type="submit" className="btn sm">
            Use it
          </button>
          {problem !== '' && (
            <span className="critical-t s" role="alert">
              {problem}
            </span>
          )}
        </form>
        <label className="cb">
          <input
            type="checkbox"
            checked={before !== undefined}
            onChange={({ target }) => change({ [COMPARE]: target.checked ? BEFORE : undefined })}
          />
          Compare with the {duration(range.spanMs)} before
        </label>
        {localZone() !== 'UTC' && (
          <label className="cb">
            <input
              type="checkbox"
              checked={zone === 'local'}
              onChange={({ target }) => chooseTimeZone(target.checked ? 'local' : 'UTC')}
            />
            Times of {localZone()}, not UTC
          </label>
        )}
      </div>
    </>
  );
}

/** A length before now, such as 45m or now-45m, as the URL has it. */
function lengthIn(text: string): string | undefined {
  const [, length] = /^(?:now)?\s*-?\s*([1-9]\d{0,5}[smhd])$/.exec(text.trim()) ?? [];
  return length === undefined ? undefined : `now-${length}`;
}

/** A time as it is written on a clock of the zone, and one with a zone of its own. */
function instantIn(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'now' || trimmed === '') return Date.now();
  const iso = trimmed.replace(' ', 'T');
  const hasZone = /T.*(Z|[+-]\d\d:?\d\d)$/i.test(iso);
  const time = Date.parse(hasZone ? iso : `${iso}Z`);
  if (Number.isNaN(time)) return undefined;
  return hasZone ? time : instantOnClock(time);
}

const written = (time: number): string => onClock(time).toISOString().slice(0, 19).replace('T', ' ');

/** Whether the page is live, how far behind, and the way to stop it. */
function LivePill() {
  const store = useLiveStore();
  const connection = useLive((live) => live.connection);
  const isPaused = useLive((live) => live.isPaused);
  const pausedAt = useLive((live) => live.pausedAt);
  const waiting = useLive((live) => live.waiting);
  const retryAt = useLive((live) => live.retryAt);
  const lagMs = useLive((live) => live.figures?.lag_ms ?? null);
  const staleSince = useStaleSince();
  const linkTo = useRangeLink();
  const now = useNow();
  const [state, word, more] = isPaused
    ? ['paused', 'Paused', waiting > 0 ? `${waiting} new` : `at ${timeOfDay(pausedAt ?? now)}`]
    : connection === 'reconnecting'
      ? ['waiting', 'Reconnecting', retryAt === null ? 'now' : `again in ${duration(Math.max(0, retryAt - now))}`]
      : connection === 'connecting'
        ? ['waiting', 'Connecting', '']
        : staleSince === undefined
          ? ['live', 'Live', lagMs === null ? '' : `${number(lagMs / 1000)} s behind`]
          : ['waiting', 'Waiting', `nothing new for ${duration(now - staleSince)}`];
  return (
    <div className="live" data-state={state} role="group" aria-label="Live stream">
      <Link className="live-s" href={linkTo('/pipeline')} title="How far the slowest partition is behind the clock">
        <span className="dot" aria-hidden="true" />
        {word}
        {more !== '' && <span className="live-b">{more}</span>}
      </Link>
      <button
        type="button"
        className="live-p"
        aria-pressed={isPaused}
        aria-label={isPaused ? 'Resume (p)' : 'Pause (p)'}
        title={isPaused ? 'Resume  p' : 'Pause  p'}
        onClick={() => store.toggle()}
      >
        <Icon name={isPaused ? 'play' : 'pause'} />
      </button>
    </div>
  );
}

/** What the stream went through: a break, what was sent again after it, what could not be. */
export function StreamBanner() {
  const store = useLiveStore();
  const connection = useLive((live) => live.connection);
  const retryAt = useLive((live) => live.retryAt);
  const attempt = useLive((live) => live.attempt);
  const lastEventAt = useLive((live) => live.lastEventAt);
  const resumedWith = useLive((live) => live.resumedWith);
  const gap = useLive((live) => live.gaps.at(-1));
  const now = useNow();
  if (connection === 'reconnecting') {
    return (
      <div className="banner" role="status">
        <span className="dotw" aria-hidden="true" />
        <p>
          <b>Reconnecting</b> in {duration(Math.max(0, (retryAt ?? now) - now))}, attempt {attempt}.
          {lastEventAt !== null && ` What you see is as of ${timeOfDay(lastEventAt)}.`}
        </p>
        <button type="button" className="btn sm" onClick={() => store.retryNow()}>
          Now
        </button>
      </div>
    );
  }
  if (resumedWith === null) return null;
  const missing = gap !== undefined && now - gap.at < 60_000 ? gap.missed : 0;
  return (
    <div className="banner" role="status">
      <Icon name="ok" />
      <p>
        <b>Connected again.</b> {resumedWith} events were sent again,{' '}
        {missing === null
          ? 'nobody can tell how many are missing'
          : missing > 0
            ? `${missing} are missing`
            : 'none is missing'}
        .
      </p>
      <button type="button" className="btn ghost sm sq" aria-label="Close" onClick={() => store.dismissResumed()}>
        <Icon name="x" />
      </button>
    </div>
  );
}
