import { basename, dirname } from 'node:path';
import { AppError } from '../app-error.js';

/** The usual names of logs that tell their host: shop.example-access.log, access-shop.example.log, shop.example.log. */
const USUAL = ['{host}[._-]access', 'access[._-]{host}', '{host}'];
const ROTATION = /[._-](?:log|json|gz|xz|zst|bz2|\d[\d._-]*)$/;
const HOST = '[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*';
/** What rotation and compression put behind a name, or before its ending. */
const ROTATED = '(?:[._-]\\d[\\d._-]*)?(?:\\.log|\\.json)?(?:[.-]\\d[\\d._-]*)?(?:\\.(?:gz|xz|zst|bz2))?';
/** Names that say nothing of a host. */
const NO_HOSTS = new Set([
  'access',
  'error',
  'log',
  'logs',
  'nginx',
  'apache',
  'apache2',
  'httpd',
  'other_vhosts_access',
]);

/** Tells the virtual host that a file is of; undefined where its name tells none. */
export type HostOf = (path: string) => string | undefined;

/**
 * Tells the host by a template of a file's name with `{host}` in it, such as `{host}.access.log`; what is before a slash is
 * of the folder.
 *
 * @throws AppError HOST_TEMPLATE
 */
export function hostFromFile(template: string): HostOf {
  const parts = template.split('{host}');
  if (parts.length !== 2) {
    throw new AppError('HOST_TEMPLATE', 'It must have {host} in it once, such as {host}.access.log.');
  }
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join(`(${HOST})`);
  const expression = new RegExp(`(?:^|/)${pattern}${ROTATED}$`);
  return (path) => expression.exec(path)?.[1]?.toLowerCase();
}

/** By the usual names, and else by the folder's. */
export const usualHost: HostOf = (path) => {
  let name = basename(path);
  while (ROTATION.test(name)) name = name.replace(ROTATION, '');
  for (const usual of USUAL) {
    const host = new RegExp(`^${usual.replace('{host}', `(${HOST})`)}$`).exec(name)?.[1]?.toLowerCase();
    if (host?.includes('.') && !NO_HOSTS.has(host)) return host;
  }
  const folder = basename(dirname(path)).toLowerCase();
  return NO_HOSTS.has(folder) || !folder.includes('.') ? undefined : folder;
};
