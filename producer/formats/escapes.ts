/**
 * Takes back what servers do to text between quotes: NGINX writes `"`, `\` and all bytes that are not printable ASCII as
 * \xHH, Apache quotes as \".
 */
export function unescaped(text: string): string {
  return text
    .replace(/(?:\\x[\dA-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('\\x', ''), 'hex').toString())
    .replace(/\\(["\\])/g, '$1');
}

/** The same for what NGINX writes with escape=json. */
export function jsonUnescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return unescaped(text);
  }
}
