/** What somebody may do; each may do what those before may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Visitor {
  /** The user's name, or a machine token's; `anybody` where nobody has to sign in. */
  readonly name: string;
  readonly role: Role;
  readonly kind: 'user' | 'machine' | 'anybody';
}

export function isAllowed({ role }: Visitor, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
