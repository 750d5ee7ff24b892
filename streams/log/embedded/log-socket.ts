import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The shortest limit there is: 104 bytes on macOS, 108 on Linux, with the zero at the end. */
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * Where the owner of a directory may listen, best first: inside it; in the system's temporary directory when its path
 * is too long for a socket or its file system has none; on Windows a named pipe.
 */
export function socketPaths(directory: string): string[] {
  const path = realpathSync(directory);
  const name = `millrace-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
  if (process.platform === 'win32') return [`\\\\.\\pipe\\${name}`];
  return [join(path, 'log.sock'), join(tmpdir(), `${name}.sock`)].filter(
    (candidate) => Buffer.byteLength(candidate) <= MAX_SOCKET_PATH_BYTES,
  );
}
