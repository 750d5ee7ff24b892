import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type FormEvent, type ReactNode, use, useEffect, useRef, useState } from 'react';
import { ApiProblem, answerOf, api } from '../api/client.js';
import { Icon } from '../parts/icon.js';

/** Who looks at the page, and what they may do. */
export interface VisitorOnPage {
  readonly name: string;
  readonly role: string;
  readonly canSignOut: boolean;
  /** Whether they may say something of incidents. */
  readonly canAct: boolean;
  readonly isAdmin: boolean;
  signOut(): void;
}

const NOBODY: VisitorOnPage = {
  name: 'nobody',
  role: '',
  canSignOut: false,
  canAct: false,
  isAdmin: false,
  signOut() {},
};

const VisitorContext = createContext(NOBODY);

export const useVisitor = (): VisitorOnPage => use(VisitorContext);

const ME = ['me'];
/** Access tokens are of 15 minutes; a page that is open renews its own before that. */
const RENEW_MS = 10 * 60_000;

/** What is asked first is refused to nobody: that no one is signed in is no error. @throws ApiProblem 401 */
async function whoAmI() {
  const { can_refresh: canRefresh, visitor } = await answerOf(api.GET('/auth/session'));
  if (visitor !== null) return visitor;
  if (!canRefresh) throw new ApiProblem('Nobody is signed in.', 401, undefined, undefined);
  // The session is longer than the access token.
  const { user } = await answerOf(api.POST('/auth/refresh'));
  return { ...user, kind: 'user' as const };
}

/** Lets in who is signed in; to others the sign-in stands over the page, which they come back to. */
export function SignedIn({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [isSetUp, setIsSetUp] = useState(() => !hasSetupToken());
  const me = useQuery({ queryKey: ME, queryFn: whoAmI, staleTime: Number.POSITIVE_INFINITY, enabled: isSetUp });
  const wasIn = useRef(false);
  useEffect(() => {
    if (me.data?.kind !== 'user') return;
    const timer = setInterval(() => void api.POST('/auth/refresh'), RENEW_MS);
    return () => clearInterval(timer);
  }, [me.data?.kind]);
  useEffect(
    () =>
      client.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (query.queryKey[0] !== 'me' && error instanceof ApiProblem && error.status === 401) {
          void client.invalidateQueries({ queryKey: ME });
        }
      }),
    [client],
  );
  const enter = () => {
    setIsSetUp(true);
    return client.resetQueries();
  };
  const isOut = me.error instanceof ApiProblem && me.error.status === 401;
  if (isOut || !isSetUp) return <SignIn wasIn={wasIn.current} onDone={enter} />;
  if (me.data === undefined) {
    return me.error === null ? null : (
      <p className="pageh" role="alert">
        {me.error.message}
      </p>
    );
  }
  wasIn.current = true;
  const { kind, name, role } = me.data;
  const visitor: VisitorOnPage = {
    ...{ name, role: kind === 'anybody' ? 'no sign-in' : role },
    canSignOut: kind === 'user',
    canAct: role !== 'viewer',
    isAdmin: role === 'admin',
    signOut() {
      void api.POST('/auth/logout').then(enter);
    },
  };
  return <VisitorContext value={visitor}>{children}</VisitorContext>;
}

const SETUP = /^#\/setup\?token=(.+)$/;

function hasSetupToken(): boolean {
  return SETUP.test(location.hash);
}

function SignIn({ onDone, wasIn }: { readonly wasIn: boolean; readonly onDone: () => void }) {
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const setupToken = SETUP.exec(location.hash)?.[1];
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get('name'));
    const password = String(form.get('password'));
    setBusy(true);
    try {
      if (setupToken === undefined) await answerOf(api.POST('/auth/token', { body: { name, password } }));
      else {
        const given = password === '' ? {} : { password };
        await answerOf(api.POST('/auth/setup', { body: { token: decodeURIComponent(setupToken), name, ...given } }));
        history.replaceState(null, '', '/');
      }
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="si si-on">
      <form className="si-f" onSubmit={submit}>
        <p className="brand">
          <Icon name="logo" />
          Millrace
        </p>
        <h1 className="si-t">{setupToken === undefined ? 'Sign in' : 'Set up'}</h1>
        {setupToken !== undefined && (
          <p className="t2">
            This link is for the administrator and works once. If you leave without a password, the next start prints a
            new link.
          </p>
        )}
        {wasIn && <p className="t2">You were signed out. You come back to where you were.</p>}
        <label>
          Name
          <input
            name="name"
            className="in"
            autoComplete="username"
            required
            defaultValue={setupToken === undefined ? '' : 'admin'}
          />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            className={`in ${problem === '' ? '' : 'bad'}`}
            autoComplete={setupToken === undefined ? 'current-password' : 'new-password'}
            required={setupToken === undefined}
            aria-describedby="sign-in-problem"
          />
        </label>
        <p id="sign-in-problem" role="alert" className={problem === '' ? 'vh' : 'err'}>
          {problem !== '' && <Icon name="warning" />}
          {problem}
        </p>
        <button type="submit" className="btn primary big" disabled={isBusy}>
          {setupToken === undefined ? 'Sign in' : 'Continue'} <kbd>↵</kbd>
        </button>
        {setupToken === undefined && (
          <p className="s t2">The first start printed a link that signs the administrator in.</p>
        )}
      </form>
    </main>
  );
}
