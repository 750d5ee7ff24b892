import type { Alert } from '../../api/client.js';
import { percent, whole } from '../../parts/wording.js';

/** A value of a field of a service's lines: how many have it, and how many of those are errors. */
export interface PartOfService {
  readonly value: string;
  readonly lines: number;
  readonly errors: number;
}

interface Counts {
  readonly field: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
}

/** The errors of each value beside all of its lines. */
export function partsOf(field: string, all: readonly Counts[], failing: readonly Counts[]): PartOfService[] {
  const of = (facets: readonly Counts[]) => facets.find((one) => one.field === field)?.values ?? [];
  const errors = new Map(of(failing).map(({ count, value }) => [value, count]));
  return of(all).map(({ count, value }) => ({ value, lines: count, errors: errors.get(value) ?? 0 }));
}

export const shareOf = ({ errors, lines }: PartOfService): number => (lines === 0 ? 0 : errors / lines);

export const mostOf = (parts: readonly PartOfService[]): number => Math.max(0, ...parts.map(shareOf));

export const inWords = (part: PartOfService): string =>
  `${part.value}: ${percent(shareOf(part))} % of its ${whole(part.lines)} lines are errors`;

export const inOrder = (parts: readonly PartOfService[]) =>
  parts.toSorted((one, other) => one.value.localeCompare(other.value, 'en', { numeric: true }));

export function hasAlert({ value }: PartOfService, alerts: readonly Alert[]): boolean {
  const ended = new Set(alerts.filter(({ state }) => state === 'resolved').map(({ id }) => id));
  return alerts.some(({ entity, id }) => entity.split(' ').includes(value) && !ended.has(id));
}

/** How far the instances lie apart, and which of them an alert is open for. */
export function spreadInWords(parts: readonly PartOfService[], alerts: readonly Alert[]): string {
  const odd = parts.filter((part) => hasAlert(part, alerts)).map(({ value }) => value);
  const least = percent(Math.min(...parts.map(shareOf)), 0);
  const most = percent(mostOf(parts), 0);
  const spread = least === most ? `${most} %` : `${least} to ${most} %`;
  const all = parts.length === 1 ? `The one instance has ${spread} errors.` : `${parts.length} have ${spread} errors.`;
  return odd.length === 0 ? all : `${all} An alert is open for ${odd.join(', ')}.`;
}
