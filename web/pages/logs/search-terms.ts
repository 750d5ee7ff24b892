/** The terms of a search as they are written: `field:value`, `-field:value`, words; what is quoted stays together. */
export function termsOf(q: string): string[] {
  return q.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
}

/** The values of a field that a search asks for. */
export function valuesOf(q: string, field: string): string[] {
  return termsOf(q).flatMap((term) =>
    term.startsWith(`${field}:`)
      ? (term.slice(field.length + 1).match(/"(?:\\.|[^"\\])*"|[^,]+/g) ?? []).map(unquoted)
      : [],
  );
}

/** A value as a search holds it. */
export function quoted(value: string): string {
  return /^[\w./:@-]+$/.test(value) && !value.startsWith('-')
    ? value
    : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

/** The search with these values of a field, and no other terms of it. */
export function withValues(q: string, field: string, values: readonly string[]): string {
  const others = termsOf(q).filter((term) => !term.startsWith(`${field}:`));
  return [...others, ...(values.length === 0 ? [] : [`${field}:${values.map(quoted).join(',')}`])].join(' ');
}
