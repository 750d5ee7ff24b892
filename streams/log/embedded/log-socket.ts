import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { lstat, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';

/** The shortest limit there is: 104 bytes on macOS, 108 on Linux, with the zero at the end. */
const MAX_SOCKET_PATH_BYTES = 103;
const IS_WINDOWS = process.platform === 'win32';
const NAME = 'log.sock';
const SERVED = 'served';
const PRIVATE = 0o600;

const servedSchema = z.object({ socket: z.string().min(1), secret: z.string().regex(/^[0-9a-f]{64}$/) });

/** Where the owner of a directory listens, and what proves that it is the owner, and a client one who may read the log. */
export type Served = z.infer<typeof servedSchema>;

/**
 * Where an owner may listen, best first: inside the directory, which is nobody else's; where that has no sockets, in a new
 * directory of its own, with a name that nobody can foresee; on Windows a named pipe of such a name.
 */
export async function* socketPlaces(): AsyncGenerator<string> {
  if (IS_WINDOWS) yield `\\\\.\\pipe\\millrace-${randomBytes(16).toString('hex')}`;
  else {
    yield NAME;
    yield join(await mkdtemp(join(tmpdir(), 'millrace-')), NAME);
  }
}

/** Tells clients, who must be able to read the directory, where the owner listens. */
export async function tellClients(directory: string, socket: string): Promise<Served> {
  const served: Served = { socket, secret: randomBytes(32).toString('hex') };
  const path = join(directory, SERVED);
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, JSON.stringify(served), { mode: PRIVATE, flag: 'wx' });
  await rename(`${path}.new`, path);
  return served;
}

/** @returns undefined when nobody has served the directory */
export async function readServed(directory: string): Promise<Served | undefined> {
  try {
    return servedSchema.parse(JSON.parse(await readFile(join(directory, SERVED), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Removes what an owner has left, or what stands in its place. Whoever holds LevelDB's lock is alone with the directory. */
export async function clearPlace(directory: string, socket: string): Promise<void> {
  if (!IS_WINDOWS) await rm(resolve(directory, socket), { force: true });
}

/** Removes the socket, and the directory that was made for it. */
export async function removeSocket(directory: string, socket: string): Promise<void> {
  await clearPlace(directory, socket);
  if (!IS_WINDOWS && isAbsolute(socket)) await rm(dirname(socket), { recursive: true, force: true });
}

/** Whether a socket is there that this user, or root, has made. */
export async function isOwnSocket(directory: string, socket: string): Promise<boolean> {
  if (IS_WINDOWS) return true;
  const found = await lstat(resolve(directory, socket)).catch(() => undefined);
  if (found === undefined || !found.isSocket()) return false;
  const user = process.getuid?.();
  return user === 0 || found.uid === user || found.uid === 0;
}

/** Calls with a path of the socket that is short enough for the system, by way of a link when it has to be. */
export async function withSocketPath<T>(
  directory: string,
  socket: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = IS_WINDOWS ? socket : resolve(directory, socket);
  if (IS_WINDOWS || Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return use(path);
  const shortcut = await mkdtemp(join(tmpdir(), 'millrace-'));
  try {
    await symlink(dirname(path), join(shortcut, 'd'));
    return await use(join(shortcut, 'd', NAME));
  } finally {
    await rm(shortcut, { recursive: true, force: true });
  }
}

/** What each side adds to the conversation, so that no proof can be used again. */
export function newNonce(): string {
  return randomBytes(32).toString('hex');
}

/** Shows that a side knows the secret, without telling it. */
export function proofOf(
  side: 'client' | 'owner',
  secret: string,
  nonces: readonly [client: string, owner: string],
): string {
  return createHmac('sha256', secret)
    .update(`${side} ${nonces.join(' ')}`)
    .digest('hex');
}

export function isProof(found: string, expected: string): boolean {
  const [a, b] = [Buffer.from(found), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
