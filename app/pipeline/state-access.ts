import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplicationServer } from '@millrace/streams';
import { makePrivateDirectorySync } from '@millrace/streams/embedded';

/** In the data directory, for its owner alone. */
const TOKEN_FILE = 'state-token';

/** With what the processes of a pipeline are asked for their state. Plain values: they can be sent to another process. */
export interface StateAccess {
  readonly token: string;
  /** It is in the data directory, and not to be sent to other machines. */
  readonly isOfThisMachine: boolean;
  /** Of the authorities that have signed the certificates of the processes, in PEM; without it they are asked over HTTP. */
  readonly ca?: string;
}

/** Where a pipeline answers unless it is told: on loopback, at a free port. */
export const LOCAL_STATE_ADDRESS = { host: '127.0.0.1', port: 0 } as const;

/** The token that processes with the same data directory share; the first of them makes it. */
export function machineToken(dataDirectory: string): string {
  const file = join(dataDirectory, TOKEN_FILE);
  const made = randomBytes(32).toString('base64url');
  const own = `${file}.${process.pid}`;
  try {
    makePrivateDirectorySync(dataDirectory);
    if (!existsSync(file)) {
      writeFileSync(own, made, { mode: 0o600 });
      // Whole or not at all, and the first wins.
      linkSync(own, file);
    }
  } catch {
    // Another was first, or whoever opens the directory says what is wrong with it.
  } finally {
    rmSync(own, { force: true });
  }
  try {
    return readFileSync(file, 'utf8').trim() || made;
  } catch {
    return made;
  }
}

/** Who asks with this access is answered there. */
export function localApplicationServer({ token }: StateAccess): ApplicationServer {
  return { ...LOCAL_STATE_ADDRESS, listen: LOCAL_STATE_ADDRESS.host, token };
}
