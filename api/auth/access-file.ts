import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ROLES, TOKEN_ROLES } from './visitor.js';

const role = z.enum(ROLES);
/** Empty: of the server that is no tenant's. */
const tenants = z.array(z.string()).default([]);

const user = z.object({
  name: z.string(),
  role,
  tenants,
  /** Null: who signs in by a link only. */
  password: z.string().nullable(),
  created: z.number(),
});
const machineToken = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(TOKEN_ROLES),
  tenants,
  hash: z.string(),
  created: z.number(),
  created_by: z.string(),
  expires: z.number().nullable(),
});
const session = z.object({
  id: z.string(),
  user: z.string(),
  /** Where it was begun, and holds. */
  tenant: z.string().nullable().default(null),
  hash: z.string(),
  /** Of the refresh token before this one: two tabs may refresh at a time. */
  previous: z.string().nullable(),
  rotated: z.number(),
  created: z.number(),
  expires: z.number(),
});
const signingKey = z.object({ kid: z.string(), secret: z.string(), created: z.number() });

/** The hash of the one-time link's token. */
const setup = z.object({ hash: z.string(), expires: z.number() });

const access = z.object({
  users: z.array(user),
  tokens: z.array(machineToken),
  sessions: z.array(session),
  keys: z.array(signingKey),
  setup: setup.nullable(),
  /** By tenant. */
  tenant_setups: z.record(z.string(), setup).default({}),
});
export type Access = z.output<typeof access>;
export type User = z.output<typeof user>;
export type MachineToken = z.output<typeof machineToken>;
export type Session = z.output<typeof session>;

const NOTHING: Access = { users: [], tokens: [], sessions: [], keys: [], setup: null, tenant_setups: {} };

const LOCK_WITHIN_MS = 5_000;
const LOCK_STALE_MS = 30_000;
const LOCK_RETRY_MS = 20;

/** What is known of who may come in, and how it is changed. */
export interface AccessSource {
  get(): Access;
  /** Changes it; nobody else does so meanwhile. */
  change<Result>(edit: (access: Access) => { readonly access: Access; readonly result: Result }): Promise<Result>;
}

/** The file of users cannot be used; the message says what to do. */
export class AccessFileError extends Error {
  override readonly name = 'AccessFileError';
  readonly code = 'ACCESS_FILE';
}

/**
 * Who may come in: users, their sessions, tokens of machines and the keys that sign. It is one file that only its owner can
 * read; secrets in it are hashed, but for the keys. Servers and the command line may change it at a time.
 */
export class AccessFile implements AccessSource {
  readonly #path: string;
  #read: { readonly mark: string; readonly access: Access } | undefined;

  constructor(directory: string) {
    this.#path = join(directory, 'access.json');
  }

  /** What it says now. @throws AccessFileError when it cannot be read */
  get(): Access {
    const stats = statSync(this.#path, { throwIfNoEntry: false });
    if (stats === undefined) return NOTHING;
    const mark = `${stats.ino} ${stats.mtimeMs} ${stats.size}`;
    if (this.#read?.mark !== mark) {
      try {
        this.#read = { mark, access: access.parse(JSON.parse(readFileSync(this.#path, 'utf8'))) };
      } catch (cause) {
        throw new AccessFileError(
          `${this.#path} cannot be read as the file of users: repair it, or move it away and add users again`,
          { cause },
        );
      }
    }
    return this.#read.access;
  }

  /** Changes it; nobody else does so meanwhile. @throws AccessFileError */
  async change<Result>(
    edit: (access: Access) => { readonly access: Access; readonly result: Result },
  ): Promise<Result> {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const unlock = await this.#lock();
    try {
      const edited = edit(this.get());
      const temporary = `${this.#path}.${randomBytes(6).toString('hex')}`;
      writeFileSync(temporary, `${JSON.stringify(edited.access, null, 2)}\n`, { mode: 0o600, flush: true });
      renameSync(temporary, this.#path);
      return edited.result;
    } finally {
      unlock();
    }
  }

  /** A directory is made by one process only. */
  async #lock(): Promise<() => void> {
    const path = `${this.#path}.lock`;
    const deadline = performance.now() + LOCK_WITHIN_MS;
    for (;;) {
      try {
        mkdirSync(path);
        return () => rmdirSync(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
        const stats = statSync(path, { throwIfNoEntry: false });
        // Its maker was killed.
        if (stats !== undefined && Date.now() - stats.mtimeMs > LOCK_STALE_MS) rmdirSync(path);
        else if (performance.now() > deadline) {
          throw new AccessFileError(`${path} is there: another process changes the file of users; try again`, {
            cause,
          });
        }
      }
      await delay(LOCK_RETRY_MS);
    }
  }
}

/** Of random tokens only: they need no salt. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export function newToken(): string {
  return randomBytes(32).toString('base64url');
}
