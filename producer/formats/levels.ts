import type { ServiceLog } from '../../schemas/records.js';
import { TRANSLATED_LEVELS } from './translated-levels.js';

export type Level = ServiceLog['level'];

/** The words that systems have for how grave a line is, in small letters. */
const WORDS: Readonly<Record<string, Level>> = {
  ...{
    trace: 'DEBUG',
    debug: 'DEBUG',
    fine: 'DEBUG',
    finer: 'DEBUG',
    finest: 'DEBUG',
    verbose: 'DEBUG',
    silly: 'DEBUG',
  },
  // .NET's console, RabbitMQ's four letters, and Python's cut to five.
  ...{ fail: 'ERROR', dbug: 'DEBUG', trce: 'DEBUG', noti: 'INFO', erro: 'ERROR', debu: 'DEBUG' },
  ...{ warni: 'WARN', criti: 'CRITICAL', note: 'INFO' },
  ...{ dbg: 'DEBUG', trc: 'DEBUG', config: 'DEBUG', d: 'DEBUG', v: 'DEBUG', all: 'DEBUG', vrb: 'DEBUG' },
  ...{
    info: 'INFO',
    information: 'INFO',
    informational: 'INFO',
    notice: 'INFO',
    log: 'INFO',
    http: 'INFO',
    inf: 'INFO',
  },
  ...{
    i: 'INFO',
    pnc: 'CRITICAL',
    ok: 'INFO',
    success: 'INFO',
    default: 'INFO',
    notset: 'INFO',
    unspecified: 'INFO',
    none: 'INFO',
  },
  ...{ warn: 'WARN', warning: 'WARN', wrn: 'WARN', w: 'WARN' },
  ...{ error: 'ERROR', err: 'ERROR', severe: 'ERROR', eror: 'ERROR', e: 'ERROR', failure: 'ERROR', exception: 'ERROR' },
  ...{ critical: 'CRITICAL', crit: 'CRITICAL', fatal: 'CRITICAL', ftl: 'CRITICAL', panic: 'CRITICAL', f: 'CRITICAL' },
  ...{
    alert: 'CRITICAL',
    emerg: 'CRITICAL',
    emergency: 'CRITICAL',
    dpanic: 'CRITICAL',
    c: 'CRITICAL',
    emrg: 'CRITICAL',
  },
};
/** Terminals' colours, which winston's and zap's consoles have around the word. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
const COLOURS = /\u001b\[[\d;]*m/g;

export function withoutColours(text: string): string {
  return text.includes('\u001b') ? text.replace(COLOURS, '') : text;
}

/**
 * One of the five levels. Numbers are those of pino and bunyan, 10 to 60; of OpenTelemetry and syslog a caller who knows
 * that they are gives the word.
 */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{1,5}$/.test(value))) {
    return ofTens(Number(value));
  }
  if (typeof value !== 'string') return undefined;
  if (Object.hasOwn(WORDS, value)) return WORDS[value];
  const word = withoutColours(value)
    .trim()
    .toLowerCase()
    .replace(/[[\]:]/g, '');
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  // Go's slog has levels between those with names: `ERROR+2`.
  const between = /^([a-z]+)[+-]\d{1,3}$/.exec(word)?.[1];
  if (between !== undefined) return levelOf(between);
  return Object.hasOwn(TRANSLATED_LEVELS, word) ? WORDS[TRANSLATED_LEVELS[word] ?? ''] : undefined;
}

function ofTens(value: number): Level | undefined {
  if (value < 10 || value >= 100) return undefined;
  if (value < 30) return 'DEBUG';
  if (value < 40) return 'INFO';
  if (value < 50) return 'WARN';
  return value < 60 ? 'ERROR' : 'CRITICAL';
}

const SYSLOG: readonly Level[] = ['CRITICAL', 'CRITICAL', 'CRITICAL', 'ERROR', 'WARN', 'INFO', 'INFO', 'DEBUG'];

/** Of syslog's severities, 0 to 7, which GELF has, too. */
export function syslogLevel(severity: number): Level | undefined {
  return SYSLOG[severity];
}
