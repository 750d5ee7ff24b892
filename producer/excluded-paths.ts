import picomatch from 'picomatch';
import { ASSET_EXTENSIONS } from '../schemas/canonical/asset.js';

/** All paths of assets, for `excludedPaths`. */
export const ASSET_PATHS = `**/*.{${ASSET_EXTENSIONS.join(',')}}`;

/**
 * Whether requests of a path are left out.
 *
 * @param globs as of picomatch, compared with the whole path without regard to case: `/health`, `/static/**`
 * @returns a function of a path, with or without its query, or of a whole URL
 */
export function excludedPaths(globs: readonly string[]): (path: string) => boolean {
  const matches = picomatch([...globs], { nocase: true, dot: true });
  return (path) => matches(withoutQuery(path));
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#;]/);
  const plain = end < 0 ? path : path.slice(0, end);
  return plain.startsWith('/') ? plain : plain.replace(/^[a-z][a-z+.-]*:\/\/[^/]*/i, '');
}
