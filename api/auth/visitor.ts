/** What somebody may do; each may do what those before may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What a machine may do: `ingest` is to send events, and nothing else. */
export const TOKEN_ROLES = ['ingest', ...ROLES] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

/** Who asks. */
export interface Visitor {
  /** The user's name, or a machine token's; `anybody` where nobody has to sign in. */
  readonly name: string;
  readonly role: TokenRole;
  readonly kind: 'user' | 'machine' | 'anybody';
  /** Of a user who has signed in: what ends with signing out. Of a machine: its token. */
  readonly session?: string;
}

export function isAllowed({ role }: Visitor, least: Role): boolean {
  return role !== 'ingest' && ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** Who may send events. */
export function mayIngest({ role }: Visitor): boolean {
  return role !== 'viewer';
}

/** A user and a machine may have the same name. */
export function isSame(one: Visitor, other: Visitor): boolean {
  return one.name === other.name && one.kind === other.kind;
}

/** What nobody signs in for: on loopback, where that was asked for. */
export const ANYBODY: Visitor = { name: 'anybody', role: 'admin', kind: 'anybody' };
