/** Languages in which dates are known. Their names are CLDR's, which Node.js has in it. */
const LANGUAGES =
  'af sq eu be bs bg ca hr cs da nl et fi fr gl de el hu is id ga it lv lt mk ms nb nn pl pt pt-BR ro ru sr sr-Latn sk sl es sv tr uk vi cy';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WORD = '\\p{L}[\\p{L}\\p{M}]{1,14}\\.?';
const CLOCK = '\\d{1,2}:\\d{2}:\\d{2}';
/** `7 mars 2024 11:05:01`, `Do 7. Mär 11:05:01`, `7 de marzo de 2024, 11:05:01`, `mars 07, 2024 11:05:01`. */
const DATE = new RegExp(
  `^(?<before>[[<(]?)(?:${WORD},? +)??(?:(?<day>\\d{1,2})(?:\\. ?|[ -])(?:de |d’|d')?(?<month>${WORD})(?:[ -]|,? )|(?<first>${WORD}) +(?<second>\\d{1,2})(?:, |\\. | ))(?:de )?(?:(?<year>\\d{4}),? +)?(?=${CLOCK})`,
  'u',
);
/** `2024年3月7日 11:05:01`. */
const IDEOGRAPHIC =
  /^(?<before>[[<(]?)(?<year>\d{4}) ?[年년] ?(?<month>\d{1,2}) ?[月월] ?(?<day>\d{1,2}) ?[日일] ?(?=\d{1,2}:\d{2})/u;

let known: ReadonlyMap<string, number> | undefined;

/**
 * A text that begins with a date in another language than English, with the date in English or in numbers, as the other
 * patterns have it; undefined for any other text. A name that is of different months in two languages, such as the
 * Polish and the Croatian `listopad`, is of none.
 */
export function inEnglish(text: string): string | undefined {
  const date = DATE.exec(text);
  if (date?.groups === undefined) return inNumbers(text);
  const { before = '', day, first = '', month = first, second = '', year } = date.groups;
  known ??= monthNames();
  const number = known.get(plain(month));
  if (number === undefined) return undefined;
  const name = MONTHS[number] ?? '';
  const rest = text.slice(date[0].length);
  if (year === undefined) return `${before}${name} ${(day ?? second).padStart(2, '0')} ${rest}`;
  // With the month first, the clock may be one of twelve hours.
  return day === undefined ? `${before}${name} ${second}, ${year} ${rest}` : `${before}${day} ${name} ${year} ${rest}`;
}

function inNumbers(text: string): string | undefined {
  const date = IDEOGRAPHIC.exec(text);
  if (date?.groups === undefined) return undefined;
  const { before = '', day = '', month = '', year = '' } = date.groups;
  return `${before}${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${text.slice(date[0].length)}`;
}

/** By their names, short and long, alone and in dates. */
function monthNames(): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  const ambiguous = new Set<string>();
  for (const language of LANGUAGES.split(' ')) {
    for (const form of FORMS) {
      const format = new Intl.DateTimeFormat(language, { ...form, timeZone: 'UTC', calendar: 'gregory' });
      for (const month of MONTHS.keys()) {
        const parts = format.formatToParts(Date.UTC(2024, month, 7));
        const name = plain(parts.find(({ type }) => type === 'month')?.value ?? '');
        if (/^\d*$/.test(name)) continue;
        if ((names.get(name) ?? month) !== month) ambiguous.add(name);
        names.set(name, month);
      }
    }
  }
  // English has its names in orders that the other patterns do not know.
  for (const [month, name] of MONTHS.entries()) names.set(name.toLowerCase(), month);
  for (const name of ambiguous) names.delete(name);
  return names;
}

const FORMS: readonly Intl.DateTimeFormatOptions[] = [
  { month: 'long' },
  { month: 'short' },
  { day: 'numeric', month: 'long' },
  { day: 'numeric', month: 'short' },
];

/** Without a point behind it, and without accents, which some leave out. */
function plain(name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').replace(/\.$/, '').toLowerCase();
}
