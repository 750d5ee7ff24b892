import { UNKNOWN_HOST } from '../../schemas/canonical/host.js';
import type { Counted } from '../../schemas/records.js';
import { short } from '../monitoring/numbers-in-words.js';
import type { Asked, TopCounts } from './asked.js';

const NAMED = 3;
const LONGEST_PATH = 60;
const LONGEST_AGENT = 100;

/** Such as "/wp-login.php (40), /.env (12), /admin (9) and 170 more"; empty where none is known. */
function named(counts: TopCounts, longest = LONGEST_PATH, most = NAMED): string {
  const known = counts.top().filter(({ value }) => value !== '');
  if (known.length === 0) return '';
  const words = known.slice(0, most).map(({ count, value }) => `${bounded(value, longest)} (${short(count)})`);
  const more = counts.distinct - words.length - (counts.top().some(({ value }) => value === '') ? 1 : 0);
  return more > 0 ? `${words.join(', ')} and ${short(more)} more` : words.join(', ');
}

/** What was asked for, and what was got, in sentences. */
export function asksInWords(asked: Asked, party: 'host' | 'client'): string {
  const { agents, methods, parties, paths, statuses } = asked.of;
  const phrases = [
    [party === 'host' ? ' of ' : ' by ', isUnknown(parties) ? '' : named(parties)],
    [' for ', named(paths)],
    [' with ', named(methods)],
    [' and got status ', named(statuses)],
  ]
    .filter(([, words]) => words !== '')
    .map((words) => words.join(''));
  const agent = named(agents, LONGEST_AGENT, 2);
  return [
    `Asked${phrases.join(',')}.`,
    ...(agent === '' ? [] : [`User agent: ${agent}.`]),
    ...(asked.assets === 0 ? [] : [`Pictures and other assets, ${short(asked.assets)}, are not counted.`]),
  ].join(' ');
}

/** Whether the log says nothing of hosts. */
function isUnknown(parties: TopCounts): boolean {
  return parties.distinct === 1 && parties.top(1)[0]?.value === UNKNOWN_HOST;
}

/** Such as 20 s or 4 min. */
export function span(ms: number): string {
  return ms < 120_000 ? `${short(ms / 1000)} s` : `${short(Math.round(ms / 60_000))} min`;
}

/** The most frequent, as records have them. */
export function counted(counts: TopCounts): Counted[] {
  return counts.top(10).filter(({ value }) => value !== '');
}

function bounded(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
