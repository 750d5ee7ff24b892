import type { Request } from 'express';
import { Problem } from '../problems.js';
import { newToken } from './access-file.js';
import type { Accounts } from './accounts.js';
import { sessionCookie } from './cookies.js';
import { ANYBODY, type Visitor } from './visitor.js';

const TICKET_MS = 30_000;
const MOST_TICKETS = 10_000;
const SAFE = new Set(['GET', 'HEAD']);

/** Says who asks: by a bearer token, a cookie, or a ticket for a stream. */
export class Authentication {
  readonly #accounts: Accounts | undefined;
  readonly #tickets = new Map<string, { readonly visitor: Visitor; readonly expires: number }>();

  /** @param accounts undefined: anybody may do all */
  constructor(accounts: Accounts | undefined) {
    this.#accounts = accounts;
  }

  /** @throws Problem 401 when what was given is not right, 403 when a page elsewhere may have sent it */
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
    const cookie = sessionCookie(request);
    if (cookie === undefined) return undefined;
    requireIntent(request);
    return this.#accounts.visitorOf(cookie);
  }

  isStillAllowed(visitor: Visitor): boolean {
    return this.#accounts?.isStillAllowed(visitor) ?? true;
  }

  /** For a stream that cannot send a header: it holds once, and not for long. */
  newTicket(visitor: Visitor): { readonly ticket: string; readonly expires_in: number } {
    const now = Date.now();
    for (const [known, { expires }] of this.#tickets) if (expires <= now) this.#tickets.delete(known);
    if (this.#tickets.size >= MOST_TICKETS) {
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
export function requireSameOrigin({ headers, method }: Request): void {
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
export function requireIntent({ headers, method }: Request): void {
  if (SAFE.has(method) || headers['x-millrace'] === '1') return;
  throw new Problem(403, 'header-missing', 'A call by cookie that changes something needs the header X-Millrace: 1.');
}
