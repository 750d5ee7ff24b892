const IPV4 = /(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}(?![\d.])/g;
/** Digits, and with them what pods and commits have in their names: letters and digits mixed. */
const NUMBERS = /(?<=^|[^a-z0-9])(?=[a-z]*\d)[a-z0-9]{5,}(?=$|[^a-z0-9])|\d+/gi;

/** Whether the names of entities differ in their numbers only, or are addresses of one network. */
export function isAlike(one: string, other: string): boolean {
  return kindOf(one) === kindOf(other);
}

/** The name with `*` for what may differ: `web-*`, `203.0.113.*`. */
export function kindOf(entity: string): string {
  const networks = entity.replace(IPV4, '$1.\0');
  if (networks !== entity) return networks.replaceAll('\0', '*');
  return entity.replace(NUMBERS, (text) => (/^\d+$/.test(text) ? '*' : maskedDigits(text)));
}

/** `web12` is like `web13`; `7f9c4` is like `8d0e1`. */
function maskedDigits(text: string): string {
  const named = /^([a-z]+)\d+$/i.exec(text);
  return named === null ? '*' : `${named[1]}*`;
}
