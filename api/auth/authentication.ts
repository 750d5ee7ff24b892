import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { Problem } from '../problems.js';
import { newToken } from './access-file.js';
import type { Accounts } from './accounts.js';
import type { Cookies } from './cookies.js';
import { ANYBODY, mayIngest, type Visitor } from './visitor.js';

const TICKET_MS = 30_000;
const MAX_TICKETS = 10_000;
const SAFE = new Set(['GET', 'HEAD']);

/** Says who asks: by a bearer token, a cookie, or a ticket for a stream. */
export class Authentication {
  readonly #accounts: Accounts | undefined;
  readonly #cookies: Cookies;
  readonly #tickets = new Map<string, { readonly visitor: Visitor; readonly expires: number }>();

  /** @param accounts undefined: anybody may do all */
  constructor(accounts: Accounts | undefined, cookies: Cookies) {
    this.#accounts = accounts;
    this.#cookies = cookies;
  }

  /**
   * Every route, stream and query asks it: who is of another tenant is nobody here.
   *
   * @throws Problem 401 when what was given is not right, 403 when a page elsewhere may have sent it, 404 when it is of
   *   another tenant
   */
  async visitorOf(request: Request): Promise<Visitor | undefined> {
    requireSameOrigin(request);
    if (this.#accounts === undefined) {
      requireIntent(request);
      return ANYBODY;
    }
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [, token = ''] = /^Bearer ([\w.~+/=-]{1,4096})$/i.exec(authorization) ?? [];
      const visitor = token === '' ? undefined : await this.#accounts.visitorOf(token);
      if (visitor === undefined) throw new Problem(401, 'invalid-token', 'The token is not valid, or no longer.');
      return visitor;
    }
    const ticket = request.query['ticket'];
    if (typeof ticket === 'string' && SAFE.has(request.method)) return this.#useTicket(ticket);
    const cookie = this.#cookies.sessionOf(request);
    if (cookie === undefined) return undefined;
    requireIntent(request);
    return this.#accounts.visitorOf(cookie);
  }

  /**
   * Who sends events. Most senders have no cookies, and cannot all set headers of their own: a token comes as Bearer, as the
   * password of Basic, or as ApiKey, which Elasticsearch's clients encode as `id:key`. The dashboard has its session.
   *
   * @throws Problem 401, 403, 404
   */
  async senderOf(request: IncomingMessage): Promise<Visitor> {
    requireSameOrigin(request);
    if (this.#accounts === undefined) return ANYBODY;
    const { authorization } = request.headers;
    const session = authorization === undefined ? this.#cookies.sessionOf(request) : undefined;
    if (session !== undefined) requireIntent(request);
    const token = session ?? sentToken(authorization ?? '');
    const visitor = token === undefined ? undefined : await this.#accounts.visitorOf(token);
    if (visitor === undefined) {
      throw new Problem(401, 'invalid-token', 'Send a token of the role ingest, as Authorization: Bearer or Basic.');
    }
    if (!mayIngest(visitor)) throw new Problem(403, 'role-too-low', `${visitor.name} may not send events; ingest may.`);
    return visitor;
  }

  isStillAllowed(visitor: Visitor): boolean {
    return this.#accounts?.isStillAllowed(visitor) ?? true;
  }

  /** For a stream that cannot send a header: it holds once, and not for long. */
  newTicket(visitor: Visitor): { readonly ticket: string; readonly expires_in: number } {
    const now = Date.now();
    for (const [known, { expires }] of this.#tickets) if (expires <= now) this.#tickets.delete(known);
    if (this.#tickets.size >= MAX_TICKETS) {
      throw new Problem(503, 'too-many-tickets', 'Too many tickets wait to be used; try later.', {
        retryAfterSeconds: 30,
      });
    }
    const ticket = newToken();
    this.#tickets.set(ticket, { visitor, expires: now + TICKET_MS });
    return { ticket, expires_in: TICKET_MS / 1000 };
  }

  #useTicket(ticket: string): Visitor {
    const known = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (known === undefined || known.expires <= Date.now() || !this.isStillAllowed(known.visitor)) {
      throw new Problem(401, 'invalid-ticket', 'The ticket was used, or is over; ask for another.');
    }
    return known.visitor;
  }
}

/** A browser says which page a request comes from. */
export function requireSameOrigin({ headers, method = 'GET' }: Pick<IncomingMessage, 'headers' | 'method'>): void {
  const { host, origin } = headers;
  if (SAFE.has(method) || origin === undefined) return;
  let from: string | undefined;
  try {
    from = new URL(origin).host;
  } catch {
    // `null` is a page that does not say.
  }
  if (from !== host) throw new Problem(403, 'other-origin', 'A page of another server may not change anything here.');
}

/** A page elsewhere cannot set this header; a form cannot either. */
export function requireIntent({ headers, method }: Pick<IncomingMessage, 'headers' | 'method'>): void {
  if (SAFE.has(method ?? '') || headers['x-millrace'] === '1') return;
  throw new Problem(403, 'header-missing', 'A call by cookie that changes something needs the header X-Millrace: 1.');
}

function sentToken(authorization: string): string | undefined {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic|ApiKey) +([\w.~+/=-]{1,8192})$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer' || credentials.startsWith('mlr_')) return credentials;
  const text = Buffer.from(credentials, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}
