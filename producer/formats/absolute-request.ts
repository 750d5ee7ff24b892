import { type RequestFields, says } from './line-format.js';

/** Takes a request line, whose target may name the host, too: `GET https://shop.example:443/a?b HTTP/1.1`. */
export function takeRequest(fields: RequestFields, request: string): void {
  fields.request = request;
  const [, target] = /^\S+ (\S+)/.exec(request) ?? [];
  if (target?.includes('://')) takeTarget(fields, target);
}

/** Takes what was asked for: a URL, or the `host:port` of a CONNECT. */
export function takeTarget(fields: RequestFields, target: string): void {
  const [, host, path] = /^(?:[a-z][a-z\d+.-]*:)?\/\/([^/?#\s]+)(\S*)$/i.exec(target) ?? [];
  if (host === undefined) {
    fields.path = target;
    return;
  }
  takeHost(fields, host);
  if (path !== undefined && path !== '') fields.path = path;
}

/** Takes a host without its port and without who signs in there. */
export function takeHost(fields: RequestFields, authority: string): void {
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  if (says(host)) fields.host = host;
}
