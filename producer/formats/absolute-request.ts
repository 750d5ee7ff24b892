import { type RequestFields, says } from './line-format.js';

/** A request's target that names the host, too: `https://shop.example:443/a?b`, the absolute form of RFC 9112, 3.2.2. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/([^/?#\s]+)(\S*)$/i;
/** What a CONNECT asks for: `shop.example:443`, the authority form of RFC 9112, 3.2.3. */
const AUTHORITY = /^(?:[^\s/?#:@]+|\[[\da-f:.]+\]):\d{1,5}$/i;
const REQUEST_LINE = /^(\S+) (\S+)/;
/** What NGINX has for a server's name where it is that of all other hosts. */
const ANY_SERVER = '_';
const SLASH = 47;

/** Takes a request line, whose target may name the host, too: `GET https://shop.example:443/a?b HTTP/1.1`. */
export function takeRequest(fields: RequestFields, request: string): void {
  fields.request = request;
  takeAbsoluteTarget(fields);
}

/** Takes what was asked for: a URL, or the `host:port` of a CONNECT. */
export function takeTarget(fields: RequestFields, target: string): void {
  fields.path = target;
  takeAbsoluteTarget(fields);
}

/**
 * Where what was asked for names its host, makes that the request's host and the rest its path. A host that the log names
 * by itself stands; what the Host header said does not, which a server has to ignore then.
 */
export function takeAbsoluteTarget(fields: RequestFields): void {
  const { request } = fields;
  const line = typeof request === 'string' ? request : '';
  // Nearly all targets begin with a slash: to see that has to cost next to nothing.
  const hasSlash = line === '' || line.charCodeAt(line.indexOf(' ') + 1) === SLASH;
  if (hasSlash && fields.path === undefined) return;
  const path = says(fields.path) && typeof fields.path === 'string' ? fields.path : undefined;
  if (hasSlash && (path === undefined || path.charCodeAt(0) === SLASH)) return;
  const [, verb, target = ''] = REQUEST_LINE.exec(line) ?? [];
  const asked = hostAndPath(path ?? target, fields.method ?? verb);
  if (asked !== undefined) fields.path = asked.path;
  const host = (asked ?? hostAndPath(target, verb))?.host;
  if (host === undefined) return;
  const isNamed = says(fields.host) && fields.host !== ANY_SERVER && !fields.isHostHeader;
  if (!isNamed) takeHost(fields, host);
}

/** Takes a host without its port and without who signs in there. */
export function takeHost(fields: RequestFields, authority: string): void {
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  if (says(host)) fields.host = host;
}

interface Asked {
  readonly host: string;
  /** With its query; empty where a connection was asked for. */
  readonly path: string;
}

function hostAndPath(target: string, method: unknown): Asked | undefined {
  if (method === 'CONNECT') return AUTHORITY.test(target) ? { host: target, path: '' } : undefined;
  const [, host, path = ''] = ABSOLUTE.exec(target) ?? [];
  return host === undefined ? undefined : { host, path: path.startsWith('/') ? path : `/${path}` };
}
