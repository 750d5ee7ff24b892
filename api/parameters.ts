import { toMilliseconds } from '@millrace/streams';
import { z } from 'zod';
import { Problem } from './problems.js';

/** A point in time: itself, or so long before now or before the newest event. */
export type TimePoint = number | { readonly before: 'now' | 'latest'; readonly ms: number };

const RELATIVE = /^(now|latest)(?:-(\d+(?:\.\d+)? ?[a-z]+))?$/;
/** What a time looks like; whether there is such a day is another matter. */
const TIME =
  /^(?:-?\d{1,16}|(?:now|latest)(?:-\d+(?:\.\d+)? ?[a-z]+)?|\d{4}-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)$/;
const DURATION = /^\d+(?:\.\d+)? ?[a-z]*$/;

/** Milliseconds since the epoch, ISO 8601, `now-15m`, or `latest-15m`, which counts from the newest event. */
export const timePoint = z
  .string()
  .max(64)
  .regex(TIME, 'It is no time; give milliseconds since the epoch, ISO 8601, now-15m or latest-15m.')
  .transform((text, context): TimePoint => {
    const [, base, ago] = RELATIVE.exec(text) ?? [];
    try {
      if (base !== undefined) return { before: base as 'now' | 'latest', ms: ago === undefined ? 0 : durationMs(ago) };
      const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
      if (Number.isFinite(ms) && Math.abs(ms) <= 8.64e15) return ms;
    } catch {
      // Said below.
    }
    context.addIssue({
      code: 'custom',
      message: `"${text}" is no time; give milliseconds since the epoch, ISO 8601, now-15m or latest-15m`,
    });
    return z.NEVER;
  })
  .meta({ description: 'Milliseconds since the epoch, ISO 8601, `now-15m`, or `latest-15m` (from the newest event).' });

/** A length of time such as `30s`, in milliseconds. */
export const durationParameter = z
  .string()
  .max(32)
  .regex(DURATION, 'It is no duration; give one such as 30s, 5m or 1h.')
  .transform((text, context): number => {
    try {
      const ms = durationMs(text);
      if (ms > 0) return ms;
    } catch {
      // Said below.
    }
    context.addIssue({ code: 'custom', message: `"${text}" is no duration; give one such as 30s, 5m or 1h` });
    return z.NEVER;
  })
  .meta({ description: 'A duration such as `30s`, `5m`, `1h`.' });

function durationMs(text: string): number {
  return toMilliseconds(/^\d+$/.test(text) ? Number(text) : text, 'it');
}

/** `from` and `to` of a request; without them, all there is. */
export const range = z.object({ from: timePoint.optional(), to: timePoint.optional() });
export const rangeWithStep = range.extend({ step: durationParameter.optional() });

export interface Range {
  /** Inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export function instant(point: TimePoint, latest: number): number {
  if (typeof point === 'number') return point;
  return (point.before === 'now' ? Date.now() : latest) - point.ms;
}

/** @throws Problem 400 when it ends before it begins */
export function rangeOf(
  { from, to }: { readonly from?: TimePoint | undefined; readonly to?: TimePoint | undefined },
  latest: number,
): Range {
  const of = {
    from: from === undefined ? Number.NEGATIVE_INFINITY : instant(from, latest),
    to: to === undefined ? Number.POSITIVE_INFINITY : instant(to, latest),
  };
  if (of.to < of.from)
    throw new Problem(400, 'invalid-range', 'The range ends before it begins: `to` is before `from`.');
  return of;
}

/** A range with both ends: the last `defaultMs` where the request names none. */
export function boundedRange(
  given: { readonly from?: TimePoint | undefined; readonly to?: TimePoint | undefined },
  latest: number,
  defaultMs: number,
): Range {
  const { from, to } = rangeOf(given, latest);
  // What begins by the newest event ends with it: a log of last year has no events of today.
  const isOfClock = given.from !== undefined && (typeof given.from === 'number' || given.from.before === 'now');
  const end = Number.isFinite(to) ? to : Math.max(latest + 1, isOfClock ? Date.now() : 0);
  const start = Number.isFinite(from) ? from : end - defaultMs;
  return { from: Math.min(start, end), to: end };
}

/** Of at most so many points is a series. */
const MAX_POINTS = 2_000;

/** The step asked for, or one that gives about 120 points. @throws Problem 400 when it gives too many */
export function stepOf(step: number | undefined, { from, to }: Range, leastMs: number): number {
  const length = Math.max(0, to - from);
  const chosen = step ?? Math.max(leastMs, Math.ceil(length / 120 / leastMs) * leastMs);
  if (length / chosen > MAX_POINTS) {
    throw new Problem(
      400,
      'too-many-points',
      `A step of ${chosen} ms makes more than ${MAX_POINTS} points of this range; ask for a longer step or a shorter range.`,
    );
  }
  return chosen;
}

export const paging = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(2000).optional().meta({ description: '`next_cursor` of the page before.' }),
});

/** A page of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
  });
}

export type SortKey = readonly (number | string)[];

const cursorSchema = z.array(z.union([z.number(), z.string()])).max(8);

/** Of the items, sorted the greatest key first, a page: what comes after the cursor. @throws Problem 400 */
export function page<Item>(
  items: readonly Item[],
  { cursor, limit }: { readonly limit: number; readonly cursor?: string | undefined },
  keyOf: (item: Item) => SortKey,
): { items: Item[]; next_cursor: string | null } {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const rest = after === undefined ? keyed : keyed.filter(({ key }) => compareKeys(key, after) < 0);
  rest.sort((one, other) => compareKeys(other.key, one.key));
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ item }) => item),
    next_cursor: rest.length > shown.length && last !== undefined ? writeCursor(last.key) : null,
  };
}

export function writeCursor(key: SortKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Problem 400 */
export function readCursor(cursor: string): SortKey {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (cause) {
    throw new Problem(400, 'invalid-cursor', 'The cursor is none that this server gave; begin without one.', { cause });
  }
}

export function compareKeys(one: SortKey, other: SortKey): number {
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const a = one[index] ?? '';
    const b = other[index] ?? '';
    if (a === b) continue;
    if (typeof a === typeof b) return a < b ? -1 : 1;
    return typeof a === 'number' ? -1 : 1;
  }
  return 0;
}
