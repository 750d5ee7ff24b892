/** Who looks at the page. Without accounts everybody is the administrator. */
export interface VisitorOnPage {
  readonly name: string;
  readonly role: string;
  readonly canSignOut: boolean;
  readonly canAct: boolean;
  signOut(): void;
}

const ANYBODY: VisitorOnPage = { name: 'anybody', role: 'no sign-in', canSignOut: false, canAct: true, signOut() {} };

export function useVisitor(): VisitorOnPage {
  return ANYBODY;
}
