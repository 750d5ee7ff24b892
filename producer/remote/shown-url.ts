/** Parameters whose values give access: `?token=…`, `?sig=…`, `?X-Amz-Signature=…`. */
const SECRET_PARAMETER = /token|secret|passw|pwd|signature|^sig$|credential|key|auth|jwt/i;
const HIDDEN = '…';

/** A URL as it may be printed: without its user's name and password, and without what gives access in its query. */
export function shownUrl(text: string): string {
  const [, before = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text) ?? [];
  return before.replace(/^([\w+.-]+:\/\/).*@/s, `$1${HIDDEN}@`) + shownQuery(query) + fragment;
}

function shownQuery(query: string): string {
  return query.replace(/([?&;])([^=&;]*)=([^&;]*)/g, (whole, separator: string, name: string) =>
    SECRET_PARAMETER.test(name) ? `${separator}${name}=${HIDDEN}` : whole,
  );
}
