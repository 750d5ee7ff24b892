import { domainToASCII } from 'node:url';
import { canonicalAddress } from './address.js';

/** Stands for the virtual host in logs that do not say it. */
export const UNKNOWN_HOST = 'unknown';
const LONGEST_HOST = 255;
const PORT = /:\d{0,5}$/;
const ASCII_NAME = /^[a-z0-9._-]+$/;

/** Lower-case letters, digits, dots, hyphens and underscores, no dot at the end: nothing is to be done. */
function isCanonicalName(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    const isPlain = (code >= 97 && code <= 122) || (code >= 45 && code <= 57 && code !== 47) || code === 95;
    if (!isPlain) return false;
  }
  return length > 1 && length <= LONGEST_HOST && text.charCodeAt(length - 1) !== 46;
}

/**
 * The one spelling of a virtual host: lower case, without port and without the dot at the end; names of other scripts in
 * ASCII (`xn--…`), IPv6 in brackets.
 *
 * @returns undefined for what names no host: nothing, `-`, `_`, or more than 255 characters
 */
export function canonicalHost(text: string): string | undefined {
  return isCanonicalName(text) ? text : unusualHost(text);
}

function unusualHost(text: string): string | undefined {
  let host = text.trim().toLowerCase();
  if (host.length > LONGEST_HOST) return undefined;
  const colons = host.split(':').length - 1;
  if (host.startsWith('[') || colons > 1) {
    const address = canonicalAddress(host);
    if (address !== undefined) return address.includes(':') ? `[${address}]` : address;
  }
  host = host.replace(PORT, '').replace(/\.+$/, '');
  if (host === '' || host === '-' || host === '_') return undefined;
  if (ASCII_NAME.test(host)) return host;
  // What is no name at all, as clients send it, is a host of its own.
  const ascii = domainToASCII(host);
  return ASCII_NAME.test(ascii) ? ascii : host;
}
