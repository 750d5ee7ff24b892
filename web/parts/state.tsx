import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ApiProblem } from '../api/client.js';
import { Icon, type IconName } from './icon.js';
import { duration, timeOfDay, when } from './wording.js';

const LOADING_AFTER_MS = 300;
/** What comes later than this after it happened is of a log of the past, and not late. */
const OF_PAST_MS = 60_000;

/** Grey bars where words will be, not before it has taken a while. */
export function Loading({ rows = 4 }: { readonly rows?: number }) {
  const [isShown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), LOADING_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isShown) return <div className="min-h-10" />;
  return (
    <div className="sk" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <i key={row} style={{ width: `${[52, 86, 70, 95][row % 4]}%` }} />
      ))}
    </div>
  );
}

interface NoteProps {
  readonly icon?: IconName;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  readonly tone?: 'error' | 'quiet';
}

/** A state in words: what it is, why, and what can be done. */
export function Note({ action, children, icon = 'info', title, tone = 'quiet' }: NoteProps) {
  return (
    <div className={`es-b ${tone === 'error' ? 'err-b' : ''}`} role={tone === 'error' ? 'alert' : 'status'}>
      <Icon name={icon} />
      <p>
        <b>{title}</b> {children}
      </p>
      {action}
    </div>
  );
}

/** What could not be done, what the server says of it, and the request to quote. */
export function Failure({ again, error, what }: { what: string; error: unknown; again?: (() => void) | undefined }) {
  const problem = error instanceof ApiProblem ? error : undefined;
  if (problem?.status === 429) {
    return <TooMany key={problem.requestId} seconds={problem.retryAfterSeconds ?? 60} again={again} />;
  }
  if (problem?.status === 403) {
    return (
      <Note icon="user" title="This is not for your role.">
        {problem.message}
      </Note>
    );
  }
  return (
    <Note
      icon="critical"
      tone="error"
      title={what}
      action={
        again && (
          <button type="button" className="btn sm" onClick={again}>
            <Icon name="refresh" />
            Again
          </button>
        )
      }
    >
      {problem?.message ?? (error instanceof Error ? error.message : String(error))}
      {problem !== undefined && problem.status > 0 && (
        <code className="block dim">
          {problem.status} {problem.requestId}
        </code>
      )}
    </Note>
  );
}

/** Too much was asked: when it goes on, counted down; then it is asked again by itself. */
function TooMany({ again, seconds }: { readonly seconds: number; readonly again: (() => void) | undefined }) {
  const [left, setLeft] = useState(seconds);
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    const timer = left > 0 ? setTimeout(() => setLeft(left - 1), 1_000) : undefined;
    if (left === 0) latest.current?.();
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <Note icon="timer" title="Too many requests.">
      {left > 0 ? `It goes on in ${left} s.` : 'It is asked again.'}
    </Note>
  );
}

/** Which time figures are of, and since when nothing new has come: for a log of the past that is not the same. */
export function AsOf({ now, since, time }: { readonly time: number; readonly since: number; readonly now: number }) {
  const isOfPast = since - time > OF_PAST_MS;
  return (
    <span className="st warning s">
      <Icon name="clock" />
      as of {isOfPast ? when(time, now) : timeOfDay(time)}, {isOfPast && 'nothing new for '}
      {duration(now - since)}
      {!isOfPast && ' ago'}
    </span>
  );
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/** The answer of a request in a region, or the state that it is in. What is there stays while it is asked for again. */
export function Answer<T>({
  asked,
  children,
  rows,
  what,
}: {
  readonly asked: Asked<T>;
  readonly what: string;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}) {
  if (asked.data !== undefined) return children(asked.data);
  if (asked.error) return <Failure what={what} error={asked.error} again={() => asked.refetch()} />;
  return <Loading rows={rows ?? 4} />;
}
