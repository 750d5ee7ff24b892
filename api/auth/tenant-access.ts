import { Problem } from '../problems.js';
import type { Access, AccessSource, MachineToken, Session, User } from './access-file.js';

/**
 * The part of the access file that is of some tenants: their users, the sessions that were begun at them, their machines'
 * tokens and their one-time link. Whoever works with it sees and changes nothing of others; names are unique in it. Keys that
 * sign are of all. Of no tenants, it is the part of the server that is no tenant's.
 */
export class TenantAccess implements AccessSource {
  readonly #file: AccessSource;
  readonly #tenants: readonly string[];

  constructor(file: AccessSource, tenants: readonly string[] = []) {
    this.#file = file;
    this.#tenants = tenants;
  }

  get(): Access {
    return this.#partOf(this.#file.get());
  }

  /**
   * What is added is of all of these tenants. Whoever is of others, too, is removed from these alone, and not changed.
   *
   * @param options.isOwn whoever changes it is the user that is changed
   * @throws Problem 409 when somebody of other tenants would be changed
   */
  change<Result>(
    edit: (access: Access) => { readonly access: Access; readonly result: Result },
    { isOwn = false }: { readonly isOwn?: boolean } = {},
  ): Promise<Result> {
    return this.#file.change((all) => {
      const before = this.#partOf(all);
      const { access: after, result } = edit(before);
      const changed = changedOf(before.users, after.users, ({ name }) => name).filter((user) => this.#isOfOthers(user));
      if (changed.length > 0 && !isOwn) {
        throw new Problem(
          409,
          'of-other-tenants',
          `"${changed[0]?.name}" belongs to other tenants, too, and is changed by \`millrace users\` only.`,
        );
      }
      const isOver = (session: Session) =>
        changed.some((user) => session.user === user.name && user.tenants.includes(session.tenant ?? ''));
      const access = {
        ...this.#withSetup(all, after.setup),
        keys: after.keys,
        users: [...all.users.filter((user) => !this.#has(user)), ...this.#merged(before.users, after.users, nameOf)],
        tokens: [
          ...all.tokens.filter((token) => !this.#has(token)),
          ...this.#merged(before.tokens, after.tokens, idOf),
        ],
        sessions: [
          ...all.sessions.filter((session) => !this.#hasSession(session) && !isOver(session)),
          ...after.sessions.map((session) =>
            before.sessions.some(({ id }) => id === session.id) ? session : { ...session, tenant: this.#tenant },
          ),
        ],
      };
      return { access, result };
    });
  }

  /** Whether there is a session or a machine's token that is of other tenants. */
  isElsewhere({ hash, session }: { readonly hash?: string; readonly session?: string }): boolean {
    const { sessions, tokens } = this.#file.get();
    return (
      tokens.some((token) => token.hash === hash && !this.#has(token)) ||
      sessions.some((one) => one.id === session && !this.#hasSession(one))
    );
  }

  /** Where sessions begin. */
  get #tenant(): string | null {
    return this.#tenants[0] ?? null;
  }

  #partOf(all: Access): Access {
    return {
      ...all,
      users: all.users.filter((user) => this.#has(user)),
      tokens: all.tokens.filter((token) => this.#has(token)),
      sessions: all.sessions.filter((session) => this.#hasSession(session)),
      setup: this.#tenant === null ? all.setup : (all.tenant_setups[this.#tenant] ?? null),
    };
  }

  #has({ tenants }: User | MachineToken): boolean {
    if (this.#tenants.length === 0) return tenants.length === 0;
    return tenants.some((tenant) => this.#tenants.includes(tenant));
  }

  #hasSession({ tenant }: Session): boolean {
    return tenant === this.#tenant;
  }

  #isOfOthers({ tenants }: User | MachineToken): boolean {
    return tenants.some((tenant) => !this.#tenants.includes(tenant));
  }

  #withSetup(all: Access, setup: Access['setup']): Access {
    const tenant = this.#tenant;
    if (tenant === null) return { ...all, setup };
    const { [tenant]: _before, ...others } = all.tenant_setups;
    return { ...all, tenant_setups: setup === null ? others : { ...others, [tenant]: setup } };
  }

  /** What is there after an edit: what was added is of these tenants, what was removed stays with the others that it is of. */
  #merged<One extends User | MachineToken>(
    before: readonly One[],
    after: readonly One[],
    keyOf: (one: One) => string,
  ): One[] {
    const known = new Set(before.map(keyOf));
    const left = new Set(after.map(keyOf));
    const others = before
      .filter((one) => !left.has(keyOf(one)) && this.#isOfOthers(one))
      .map((one) => ({ ...one, tenants: one.tenants.filter((tenant) => !this.#tenants.includes(tenant)) }));
    return [...others, ...after.map((one) => (known.has(keyOf(one)) ? one : { ...one, tenants: [...this.#tenants] }))];
  }
}

function nameOf({ name }: User): string {
  return name;
}

function idOf({ id }: MachineToken): string {
  return id;
}

/** Those that an edit has replaced, as they were. */
function changedOf<One>(before: readonly One[], after: readonly One[], keyOf: (one: One) => string): One[] {
  return before.filter((one) => after.some((other) => keyOf(other) === keyOf(one) && other !== one));
}
