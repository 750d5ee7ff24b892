import type { IncidentDetail, LogLine } from '../../api/client.js';
import { isOngoing, titleOf } from '../../parts/incident-words.js';
import { saidBy } from '../../parts/line-rows.js';
import { count, duration, percent } from '../../parts/wording.js';

const MAX_FIELDS = 5;
const MAX_LINES = 10;

interface Section {
  readonly title: string;
  readonly items: readonly string[];
}

interface Page {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly sections: readonly Section[];
  readonly lines: readonly string[];
}

/** How what was logged is told from what is said of it. */
type Quote = (text: string) => string;

/** An incident for a chat or a letter: what the page says of it, and where the page is. */
export function textOf(incident: IncidentDetail, url: string, now: number): string {
  const { lines, paragraphs, sections, title } = pageOf(incident, now, (text) => text);
  return [
    title,
    ...paragraphs,
    ...sections.map((section) => [`${section.title}:`, ...section.items.map((item) => `- ${item}`)].join('\n')),
    ...(lines.length === 0 ? [] : [['Lines:', ...lines].join('\n')]),
    url,
  ].join('\n\n');
}

/** The same as Markdown, for an issue or a page of notes. */
export function markdownOf(incident: IncidentDetail, url: string, now: number): string {
  const { lines, paragraphs, sections, title } = pageOf(incident, now, code);
  const fence = fenceAround(lines.join('\n'), 3);
  return [
    `# [${title.replace(/[[\]\\]/g, '\\$&')}](${url})`,
    ...paragraphs,
    ...sections.map((section) => [`## ${section.title}`, '', ...section.items.map((item) => `- ${item}`)].join('\n')),
    ...(lines.length === 0 ? [] : [['## Lines', '', fence, ...lines, fence].join('\n')]),
  ].join('\n\n');
}

function pageOf(incident: IncidentDetail, now: number, quote: Quote): Page {
  const {
    alerts_list: alerts,
    failing_lines: failing,
    fields,
    lines,
    opened,
    resolved,
    same_requests: same,
  } = incident;
  const marks = [
    incident.acknowledged ? 'acknowledged' : '',
    incident.silenced ? 'silenced' : '',
    incident.was_fine ? 'was fine' : '',
  ].filter((word) => word !== '');
  const since = `since ${utc(opened).replace('T', ' ').slice(0, 19)} UTC`;
  const long = duration((resolved ?? now) - opened);
  const state = isOngoing(incident) ? `ongoing ${since}, for ${long}` : `${since}, over after ${long}`;
  return {
    title: titleOf(incident, alerts),
    paragraphs: [
      incident.summary,
      [`${incident.severity}, ${state}`, ...marks].join(', '),
      `${quote(incident.scope)}: ${count(failing, 'line')}`,
    ],
    sections: [
      {
        title: 'Alerts',
        items: alerts.map(
          ({ detector, explanation, resolved: end, time }) =>
            `${utc(time).slice(11, 19)}${end === null ? '' : ` to ${utc(end).slice(11, 19)}`} ${detector}: ${quote(explanation)}`,
        ),
      },
      {
        title: 'Fields that stand out (share of lines, in the hour before and now)',
        items: fields.stand_out
          .slice(0, MAX_FIELDS)
          .map(
            ({ field, share, share_before: before, value }) =>
              `${field} ${quote(value)}: ${percent(before)} %, ${percent(share)} %`,
          ),
      },
      {
        title: 'In the same requests (share of lines, and of other requests)',
        items: same
          .slice(0, MAX_FIELDS)
          .map(
            ({ message, service, share, share_of_others: others }) =>
              `${service} ${quote(message)}: ${percent(share)} %, ${percent(others)} %`,
          ),
      },
    ].filter(({ items }) => items.length > 0),
    lines: lines.slice(0, MAX_LINES).map(inOneRow),
  };
}

/** What leaves the page is in UTC whatever is shown, and says so. */
const utc = (time: number): string => new Date(time).toISOString();

function inOneRow(line: LogLine): string {
  const { level, status } = line;
  const words = [utc(line.time).slice(11, 23), level, status, saidBy(line)];
  return words.filter((word) => typeof word === 'string' || typeof word === 'number').join(' ');
}

/** A code span that any text can stand in, also one with backticks. */
function code(text: string): string {
  const plain = text.replaceAll('\n', ' ');
  const fence = fenceAround(plain, 1);
  const space = /^`|`$/.test(plain) ? ' ' : '';
  return `${fence}${space}${plain}${space}${fence}`;
}

function fenceAround(text: string, least: number): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
  return '`'.repeat(Math.max(least, longest + 1));
}
