/** What varies in messages: numbers, addresses, identifiers, quoted texts. */
const VARIABLES: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<*>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<*>'],
  [/(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi, '<*>'],
  [/"[^"]*"|'[^']*'/g, '<*>'],
  [/\b0x[0-9a-f]+\b/gi, '<*>'],
  [/\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, '<*>'],
  [/[+-]?\d+(?:[.,:]\d+)*/g, '<*>'],
];
const MAX_CHARACTERS = 500;

/** A message with `<*>` for what varies. */
export function maskedMessage(message: string): string {
  let masked = message.slice(0, MAX_CHARACTERS);
  for (const [pattern, mark] of VARIABLES) masked = masked.replace(pattern, mark);
  return masked;
}
