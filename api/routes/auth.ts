import { z } from 'zod';
import { ACCESS_SECONDS } from '../auth/access-tokens.js';
import type { Accounts, SignedIn } from '../auth/accounts.js';
import { requireIntent, requireSameOrigin } from '../auth/authentication.js';
import { MIN_PASSWORD } from '../auth/passwords.js';
import { isUserName } from '../auth/user-name.js';
import { ROLES, TOKEN_ROLES } from '../auth/visitor.js';
import { Problem } from '../problems.js';
import { timeSchema } from '../records.js';
import { type Call, idParams, type Resource, route, silentRoute } from '../route.js';
import type { Services } from '../services.js';

const role = z.enum(ROLES);
const tokenRole = z.enum(TOKEN_ROLES);
const userName = z
  .string()
  .refine(isUserName, 'It must be 1 to 64 letters, digits, and . _ @ -, a letter or digit first.')
  .meta({ minLength: 1, maxLength: 64 });
const newPassword = z.string().min(MIN_PASSWORD, `It must have ${MIN_PASSWORD} characters at least.`).max(1000);

const user = z.object({ name: z.string(), role, has_password: z.boolean(), created: timeSchema }).meta({ id: 'User' });
const signedIn = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds.' }),
    user: z.object({ name: z.string(), role }),
  })
  .meta({ id: 'SignedIn' });

/** @throws Problem 404 where nobody signs in */
function accountsOf({ accounts }: Services): Accounts {
  if (accounts === undefined)
    throw new Problem(404, 'no-auth', 'Nobody signs in here: the server was started with --no-auth.');
  return accounts;
}

/** Notes who was not let in. */
async function noted<T>(services: Services, name: string, action: string, sign: () => Promise<T>): Promise<T> {
  try {
    return await sign();
  } catch (error) {
    const code = error instanceof Problem ? error.code : 'failed';
    services.audit({ name, role: 'viewer', kind: 'anybody' }, `${action}.refused`, { code });
    throw error;
  }
}

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'request' | 'response'>;

function begin(
  { request, response }: AnyCall,
  { cookies }: Services,
  { accessToken, refreshToken, user: { name, role } }: SignedIn,
) {
  cookies.set(request, response, { accessToken, refreshToken });
  return {
    access_token: accessToken,
    token_type: 'Bearer' as const,
    expires_in: ACCESS_SECONDS,
    user: { name, role },
  };
}

export const auth: Resource = {
  name: 'auth',
  description: 'Signing in and out. Signing in also sets cookies, for pages.',
  routes: [
    route({
      method: 'post',
      path: '/auth/token',
      summary: 'Sign in',
      role: 'anybody',
      limit: 'sign-in',
      body: z.object({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
      problems: [401, 403, 404],
      answer: signedIn,
      async handle(call, services) {
        requireSameOrigin(call.request);
        const { name, password } = call.body;
        const done = await noted(services, name, 'auth.sign-in', () => accountsOf(services).signIn(name, password));
        services.audit({ name, role: done.user.role, kind: 'user' }, 'auth.sign-in', {});
        return begin(call, services, done);
      },
    }),
    route({
      method: 'post',
      path: '/auth/setup',
      summary: 'Sign in by the link that the first start prints, as admin',
      role: 'anybody',
      limit: 'sign-in',
      body: z.object({
        token: z.string().min(1).max(200),
        name: userName.default('admin'),
        password: newPassword.optional().meta({ description: 'Without one, the next start prints a link again.' }),
      }),
      problems: [403, 404, 409, 410],
      answer: signedIn,
      async handle(call, services) {
        requireSameOrigin(call.request);
        const { name, password = null, token } = call.body;
        const done = await noted(services, name, 'auth.setup', () =>
          accountsOf(services).useSetupToken(token, name, password),
        );
        services.audit({ name, role: 'admin', kind: 'user' }, 'auth.setup', {});
        return begin(call, services, done);
      },
    }),
    route({
      method: 'post',
      path: '/auth/refresh',
      summary: 'A new access token, by the refresh cookie, which is replaced',
      role: 'anybody',
      problems: [401, 403, 404],
      answer: signedIn,
      async handle(call, services) {
        const accounts = accountsOf(services);
        requireSameOrigin(call.request);
        requireIntent(call.request);
        const token = services.cookies.refreshOf(call.request);
        if (token === undefined) throw new Problem(401, 'not-signed-in', 'Nobody is signed in.');
        return begin(call, services, await accounts.refresh(token));
      },
    }),
    silentRoute({
      method: 'post',
      path: '/auth/logout',
      summary: 'Sign out',
      role: 'anybody',
      problems: [403, 404],
      async handle({ request, response }, services) {
        const accounts = accountsOf(services);
        requireSameOrigin(request);
        requireIntent(request);
        const token = services.cookies.refreshOf(request);
        const session = token === undefined ? undefined : accounts.sessionOf(token);
        if (session !== undefined) await accounts.signOut(session);
        services.cookies.clear(response);
      },
    }),
    route({
      method: 'get',
      path: '/auth/session',
      summary: 'Whether somebody is signed in: what a page asks first, and nothing is refused',
      role: 'anybody',
      answer: z.object({
        visitor: z
          .object({ name: z.string(), role: tokenRole, kind: z.enum(['user', 'machine', 'anybody']) })
          .nullable(),
        can_refresh: z.boolean().meta({ description: 'Whether `POST /auth/refresh` would sign in again.' }),
      }),
      async handle({ request }, { accounts, authentication, cookies }) {
        const visitor = await authentication.visitorOf(request);
        const token = cookies.refreshOf(request);
        return {
          visitor: visitor === undefined ? null : { name: visitor.name, role: visitor.role, kind: visitor.kind },
          can_refresh: token !== undefined && accounts?.sessionOf(token) !== undefined,
        };
      },
    }),
    route({
      method: 'get',
      path: '/me',
      summary: 'Who asks',
      role: 'viewer',
      answer: z.object({
        name: z.string(),
        role: tokenRole,
        kind: z.enum(['user', 'machine', 'anybody']),
        has_password: z.boolean(),
      }),
      handle: ({ visitor: { kind, name, role: own } }, { accounts }) => ({
        ...{ name, kind, role: own },
        has_password: kind === 'user' && typeof accounts?.user(name)?.password === 'string',
      }),
    }),
    silentRoute({
      method: 'put',
      path: '/me/password',
      summary: 'Change the own password; other sessions are over then',
      role: 'viewer',
      limit: 'sign-in',
      body: z.object({ current: z.string().max(1000).optional(), password: newPassword }),
      problems: [404, 409],
      async handle({ body, visitor }, services) {
        const accounts = accountsOf(services);
        if (visitor.kind !== 'user') throw new Problem(409, 'no-user', 'A machine has no password.');
        const known = accounts.user(visitor.name);
        if (typeof known?.password === 'string') await accounts.requirePassword(visitor.name, body.current ?? '');
        await accounts.changeUser(visitor.name, { password: body.password }, visitor.session);
        services.audit(visitor, 'user.password', { user: visitor.name });
      },
    }),
  ],
};

const machineToken = z
  .object({
    id: z.string(),
    name: z.string(),
    role: tokenRole,
    created: timeSchema,
    created_by: z.string(),
    expires: timeSchema.nullable(),
  })
  .meta({ id: 'MachineToken' });

function shown({ created, name, password, role: own }: Accounts['users'][number]) {
  return { name, role: own, created, has_password: password !== null };
}

function shownToken({ created, created_by, expires, id, name, role: own }: Accounts['machineTokens'][number]) {
  return { id, name, role: own, created, created_by, expires };
}

export const users: Resource = {
  name: 'users',
  description: 'Users, and tokens of machines.',
  routes: [
    route({
      method: 'get',
      path: '/users',
      summary: 'All users',
      role: 'admin',
      problems: [404],
      answer: z.object({ items: z.array(user) }),
      handle: (_, services) => ({ items: accountsOf(services).users.map(shown) }),
    }),
    route({
      method: 'post',
      path: '/users',
      summary: 'Add a user',
      role: 'admin',
      status: 201,
      body: z.object({ name: userName, role, password: newPassword }),
      problems: [404, 409],
      answer: user,
      async handle({ body, visitor }, services) {
        const made = await accountsOf(services).addUser(body.name, body.role, body.password);
        services.audit(visitor, 'user.add', { user: body.name, role: body.role });
        return shown(made);
      },
    }),
    route({
      method: 'put',
      path: '/users/{name}',
      summary: 'Change the role or the password of a user, whose sessions are over then',
      role: 'admin',
      params: z.object({ name: z.string().min(1).max(200) }),
      body: z.object({ role: role.optional(), password: newPassword.optional() }),
      problems: [404, 409],
      answer: user,
      async handle({ body, params, visitor }, services) {
        const changed = await accountsOf(services).changeUser(params.name, body);
        const isPassword = body.password !== undefined;
        services.audit(visitor, 'user.change', { user: params.name, role: body.role, isPassword });
        return shown(changed);
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/users/{name}',
      summary: 'Remove a user',
      role: 'admin',
      params: z.object({ name: z.string().min(1).max(200) }),
      problems: [404, 409],
      async handle({ params, visitor }, services) {
        await accountsOf(services).removeUser(params.name);
        services.audit(visitor, 'user.remove', { user: params.name });
      },
    }),
    route({
      method: 'get',
      path: '/tokens',
      summary: 'Tokens of machines, without what they are',
      role: 'admin',
      problems: [404],
      answer: z.object({ items: z.array(machineToken) }),
      handle: (_, services) => ({ items: accountsOf(services).machineTokens.map(shownToken) }),
    }),
    route({
      method: 'post',
      path: '/tokens',
      summary: 'Make a token for a machine; it is shown this once',
      description: '`ingest` may send events, and nothing else.',
      role: 'admin',
      status: 201,
      body: z.object({
        name: userName,
        role: tokenRole,
        expires_in_days: z.number().int().min(1).max(3650).nullable().default(null),
      }),
      problems: [404],
      answer: machineToken.extend({ token: z.string() }),
      async handle({ body, visitor }, services) {
        const { expires_in_days: days, name, role: given } = body;
        const expires = days === null ? null : Date.now() + days * 86_400_000;
        const { known, token } = await accountsOf(services).addMachineToken(name, given, expires, visitor.name);
        services.audit(visitor, 'token.add', { id: known.id, machine: name, role: given });
        return { ...shownToken(known), token };
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/tokens/{id}',
      summary: "End a machine's token",
      role: 'admin',
      params: idParams,
      problems: [404],
      async handle({ params, visitor }, services) {
        await accountsOf(services).removeMachineToken(params.id);
        services.audit(visitor, 'token.remove', { id: params.id });
      },
    }),
  ],
};
