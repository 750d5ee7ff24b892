import { randomUUID } from 'node:crypto';
import { Problem } from '../problems.js';
import { type Access, hashToken, type MachineToken, newToken, type Session, type User } from './access-file.js';
import { AccessTokens } from './access-tokens.js';
import { hashPassword, isPassword } from './passwords.js';
import type { TenantAccess } from './tenant-access.js';
import type { Role, TokenRole, Visitor } from './visitor.js';

const SESSION_MS = 30 * 86_400_000;
/** A refresh token may come twice within so long: two tabs of one browser. */
const TWICE_WITHIN_MS = 10_000;
const SETUP_MS = 86_400_000;
const MACHINE_PREFIX = 'mlr_';
/** Of one name: further tries wait. */
const MAX_FAILED = 10;
const FAILED_WITHIN_MS = 5 * 60_000;
const MAX_SESSIONS = 1_000;

export interface SignedIn {
  readonly user: Pick<User, 'name' | 'role'>;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What was given is right, but elsewhere: here it is answered as what does not exist is. */
export class OfAnotherTenant extends Problem {
  constructor() {
    super(404, 'not-found', 'There is nothing here.');
  }
}

/** Users, their sessions, and tokens of machines. */
export class Accounts {
  readonly tokens: AccessTokens;
  readonly #file: TenantAccess;
  readonly #failed = new Map<string, { since: number; times: number }>();

  constructor(file: TenantAccess) {
    this.#file = file;
    this.tokens = new AccessTokens(file);
  }

  get users(): readonly User[] {
    return this.#file.get().users;
  }

  get machineTokens(): readonly MachineToken[] {
    return this.#file.get().tokens;
  }

  user(name: string): User | undefined {
    return this.users.find((user) => user.name === name);
  }

  /** @throws Problem 401 when it is not right, 429 after too many tries */
  async signIn(name: string, password: string): Promise<SignedIn> {
    return this.#begin(await this.requirePassword(name, password));
  }

  /** @throws Problem 401 when it is not right, 429 after too many tries */
  async requirePassword(name: string, password: string): Promise<User> {
    this.#requireFewFailed(name);
    const user = this.user(name);
    if (!(await isPassword(password, user?.password)) || user === undefined) {
      this.#countFailed(name);
      throw new Problem(401, 'wrong-password', 'The name or the password is not right.');
    }
    this.#failed.delete(name);
    return user;
  }

  /** Signs in who has a refresh token, which is then replaced. @throws Problem 401 */
  async refresh(token: string): Promise<SignedIn> {
    const now = Date.now();
    const hash = hashToken(token);
    const refreshToken = newToken();
    const session = await this.#file.change<Session | undefined>((access) => {
      const found = access.sessions.find((one) => one.hash === hash || one.previous === hash);
      if (found === undefined || found.expires <= now) return { access, result: undefined };
      const isPrevious = found.hash !== hash;
      if (isPrevious && now - found.rotated > TWICE_WITHIN_MS) {
        // It was used before, by somebody else it seems: neither of them goes on.
        return { access: without(access, found.id), result: undefined };
      }
      const rotated = { ...found, hash: hashToken(refreshToken), previous: found.hash, rotated: now };
      const sessions = access.sessions.map((one) => (one.id === found.id ? rotated : one));
      return { access: { ...access, sessions }, result: rotated };
    });
    const user = session === undefined ? undefined : this.user(session.user);
    if (session === undefined || user === undefined)
      throw new Problem(401, 'signed-out', 'The session is over; sign in again.');
    const accessToken = await this.tokens.sign({ user: user.name, session: session.id });
    return { user, accessToken, refreshToken };
  }

  async signOut(session: string): Promise<void> {
    await this.#file.change((access) => ({ access: without(access, session), result: undefined }));
  }

  /** The session of a refresh token. */
  sessionOf(refreshToken: string): string | undefined {
    const hash = hashToken(refreshToken);
    return this.#file.get().sessions.find((one) => one.hash === hash || one.previous === hash)?.id;
  }

  /**
   * Who an access token or a machine's token is of; undefined for what is neither, or no longer.
   *
   * @throws OfAnotherTenant
   */
  async visitorOf(token: string): Promise<Visitor | undefined> {
    if (token.startsWith(MACHINE_PREFIX)) return this.#machineOf(hashToken(token));
    const claims = await this.tokens.verify(token);
    if (claims === undefined) return undefined;
    if (this.#file.isElsewhere({ session: claims.session })) throw new OfAnotherTenant();
    const { sessions, users } = this.#file.get();
    const user = users.find(({ name }) => name === claims.user);
    const isThere = sessions.some(({ id, user: owner }) => id === claims.session && owner === claims.user);
    return user === undefined || !isThere
      ? undefined
      : { name: user.name, role: user.role, kind: 'user', session: claims.session };
  }

  /** Whether a visitor is still what they were when they came. */
  isStillAllowed({ kind, name, role, session }: Visitor): boolean {
    if (kind === 'anybody') return true;
    const { sessions, tokens, users } = this.#file.get();
    if (kind === 'machine') return tokens.some(({ id, expires }) => id === session && !isOver(expires));
    return users.some((user) => user.name === name && user.role === role) && sessions.some(({ id }) => id === session);
  }

  /** @throws Problem 409 when there is one of the name */
  async addUser(name: string, role: Role, password: string | null): Promise<User> {
    const hash = password === null ? null : await hashPassword(password);
    return this.#file.change((access) => {
      if (access.users.some((user) => user.name === name)) {
        throw new Problem(409, 'user-exists', `There is a user "${name}" already.`);
      }
      const user: User = { name, role, tenants: [], password: hash, created: Date.now() };
      return { access: { ...access, users: [...access.users, user], setup: null }, result: user };
    });
  }

  /**
   * Changes the role or the password; after either, all sessions of the user are over.
   *
   * @param keepSession of the user, who changes it
   * @throws Problem 404, 409
   */
  async changeUser(
    name: string,
    changes: { readonly role?: Role | undefined; readonly password?: string | undefined },
    keepSession?: string,
  ): Promise<User> {
    const hash = changes.password === undefined ? undefined : await hashPassword(changes.password);
    return this.#file.change(
      (access) => {
        const user = access.users.find((one) => one.name === name);
        if (user === undefined) throw new Problem(404, 'not-found', `There is no user "${name}".`);
        const changed: User = { ...user, role: changes.role ?? user.role, password: hash ?? user.password };
        const users = access.users.map((one) => (one === user ? changed : one));
        requireAdmin(users);
        const sessions = access.sessions.filter((one) => one.user !== name || one.id === keepSession);
        return { access: { ...access, users, sessions }, result: changed };
      },
      { isOwn: keepSession !== undefined },
    );
  }

  /** @param options.evenLast also the last user of all: then a link signs in again. @throws Problem 404, 409 */
  async removeUser(name: string, { evenLast = false }: { readonly evenLast?: boolean } = {}): Promise<void> {
    await this.#file.change((access) => {
      const users = access.users.filter((user) => user.name !== name);
      if (users.length === access.users.length) throw new Problem(404, 'not-found', `There is no user "${name}".`);
      if (users.length > 0 || !evenLast) requireAdmin(users);
      const sessions = access.sessions.filter(({ user }) => user !== name);
      return { access: { ...access, users, sessions }, result: undefined };
    });
  }

  /** The token is given here and never again. */
  async addMachineToken(
    name: string,
    role: TokenRole,
    expires: number | null,
    by: string,
  ): Promise<{ readonly token: string; readonly known: MachineToken }> {
    const token = `${MACHINE_PREFIX}${newToken()}`;
    const known: MachineToken = {
      ...{ id: randomUUID(), name, role, tenants: [], hash: hashToken(token) },
      ...{ created: Date.now(), created_by: by, expires },
    };
    await this.#file.change((access) => ({
      access: { ...access, tokens: [...access.tokens.filter((one) => !isOver(one.expires)), known] },
      result: undefined,
    }));
    return { token, known };
  }

  /** @throws Problem 404 */
  async removeMachineToken(id: string): Promise<void> {
    await this.#file.change((access) => {
      const tokens = access.tokens.filter((token) => token.id !== id);
      if (tokens.length === access.tokens.length) throw new Problem(404, 'not-found', `There is no token "${id}".`);
      return { access: { ...access, tokens }, result: undefined };
    });
  }

  /** Whether nobody can sign in yet but by a link. */
  get needsSetup(): boolean {
    return this.users.every(({ password }) => password === null);
  }

  /** The token of a link that signs in once, as admin; links before it no longer do. */
  async newSetupToken(): Promise<string> {
    const token = newToken();
    const setup = { hash: hashToken(token), expires: Date.now() + SETUP_MS };
    await this.#file.change((access) => ({ access: { ...access, setup }, result: undefined }));
    return token;
  }

  /** Signs in by the one-time link. @throws Problem 410 when it was used, is over, or is none */
  async useSetupToken(token: string, name: string, password: string | null): Promise<SignedIn> {
    const hash = hashToken(token);
    const passwordHash = password === null ? null : await hashPassword(password);
    const user = await this.#file.change<User>((access) => {
      const { setup, users } = access;
      if (setup?.hash !== hash || setup.expires <= Date.now()) {
        throw new Problem(
          410,
          'link-used',
          'The link was used or is over; the next start prints a new one, or `millrace users add` adds a user.',
        );
      }
      const known = users.find((one) => one.name === name);
      // The link makes the first admin; it is none to take over somebody's name with.
      if (known !== undefined && known.password !== null) {
        throw new Problem(409, 'user-exists', `There is a user "${name}" already.`);
      }
      const made: User = {
        ...{ name, role: 'admin', password: passwordHash },
        ...{ tenants: known?.tenants ?? [], created: known?.created ?? Date.now() },
      };
      return {
        access: { ...access, setup: null, users: [...users.filter((one) => one !== known), made] },
        result: made,
      };
    });
    return this.#begin(user);
  }

  async #begin(user: User): Promise<SignedIn> {
    const now = Date.now();
    const refreshToken = newToken();
    const session: Session = {
      ...{ id: randomUUID(), user: user.name, tenant: null, hash: hashToken(refreshToken), previous: null },
      ...{ rotated: now, created: now, expires: now + SESSION_MS },
    };
    await this.#file.change((access) => {
      const kept = access.sessions.filter(({ expires }) => expires > now).slice(-MAX_SESSIONS);
      return { access: { ...access, sessions: [...kept, session] }, result: undefined };
    });
    const accessToken = await this.tokens.sign({ user: user.name, session: session.id });
    return { user, accessToken, refreshToken };
  }

  #machineOf(hash: string): Visitor | undefined {
    if (this.#file.isElsewhere({ hash })) throw new OfAnotherTenant();
    const token = this.#file.get().tokens.find((one) => one.hash === hash);
    if (token === undefined || isOver(token.expires)) return undefined;
    return { name: token.name, role: token.role, kind: 'machine', session: token.id };
  }

  #requireFewFailed(name: string): void {
    const failed = this.#failed.get(name);
    if (failed === undefined || failed.times < MAX_FAILED) return;
    const left = failed.since + FAILED_WITHIN_MS - Date.now();
    if (left <= 0) {
      this.#failed.delete(name);
      return;
    }
    const seconds = Math.ceil(left / 1000);
    throw new Problem(429, 'too-many-tries', `Too many wrong passwords for this name; go on in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  #countFailed(name: string): void {
    const failed = this.#failed.get(name) ?? { since: Date.now(), times: 0 };
    failed.times++;
    this.#failed.set(name, failed);
    if (this.#failed.size > 10_000)
      for (const oldest of [...this.#failed.keys()].slice(0, 1_000)) this.#failed.delete(oldest);
  }
}

function without(access: Access, session: string): Access {
  return { ...access, sessions: access.sessions.filter(({ id }) => id !== session) };
}

function isOver(expires: number | null): boolean {
  return expires !== null && expires <= Date.now();
}

function requireAdmin(users: readonly User[]): void {
  if (!users.some(({ role }) => role === 'admin')) {
    throw new Problem(409, 'last-admin', 'There must be an admin left; make somebody else one first.');
  }
}
