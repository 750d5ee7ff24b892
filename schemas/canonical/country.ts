import { createRequire } from 'node:module';

/** What stands for a country that is not known. */
export const UNKNOWN_COUNTRY = 'ZZ';

const LONGEST_NAME = 80;
/** Codes and names in use that ISO 3166 has not, or has under another. */
const ALIASES: Readonly<Record<string, string>> = {
  UK: 'GB',
  EL: 'GR',
  XX: UNKNOWN_COUNTRY,
  UNKNOWN: UNKNOWN_COUNTRY,
  'VIET NAM': 'VN',
  MACEDONIA: 'MK',
  SWAZILAND: 'SZ',
  BURMA: 'MM',
  ENGLAND: 'GB',
  SCOTLAND: 'GB',
  WALES: 'GB',
  HOLLAND: 'NL',
};

type Countries = typeof import('i18n-iso-countries');

let countries: Countries | undefined;

/**
 * The one spelling of a country: its ISO 3166-1 alpha-2 code in upper case, of that code, of the alpha-3 or the numeric
 * one, or of its English name, in any case. User-assigned codes, such as XK for Kosovo, stay as they are.
 *
 * @returns undefined for what names no country
 */
export function canonicalCountry(text: string): string | undefined {
  return isCode(text) && ALIASES[text] === undefined ? text : named(text);
}

function isCode(text: string): boolean {
  return text.length === 2 && isCapital(text.charCodeAt(0)) && isCapital(text.charCodeAt(1));
}

function isCapital(code: number): boolean {
  return code >= 65 && code <= 90;
}

function named(text: string): string | undefined {
  const name = text.trim();
  if (name.length < 2 || name.length > LONGEST_NAME) return undefined;
  const capitals = name.toUpperCase();
  const alias = Object.hasOwn(ALIASES, capitals) ? ALIASES[capitals] : undefined;
  if (alias !== undefined) return alias;
  if (isCode(capitals)) return capitals;
  countries ??= load();
  const code: unknown = /^(?:[A-Z]{3}|\d{3})$/.test(capitals)
    ? countries.toAlpha2(capitals)
    : countries.getAlpha2Code(name, 'en');
  return typeof code === 'string' && isCode(code) ? code : undefined;
}

/** The names are loaded where there is one to be found: most logs hold codes, or none. */
function load(): Countries {
  const require = createRequire(import.meta.url);
  const loaded = require('i18n-iso-countries') as Countries;
  loaded.registerLocale(require('i18n-iso-countries/langs/en.json'));
  return loaded;
}
