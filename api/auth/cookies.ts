import type { Request, Response } from 'express';
import { ACCESS_SECONDS } from './access-tokens.js';

const REFRESH_PATH = '/api/v1/auth';
const MONTH_MS = 30 * 86_400_000;

const OPTIONS = { httpOnly: true, sameSite: 'strict' } as const;

/** The cookies of a server. Those of two tenants have two names: a browser keeps cookies by host, whatever the port. */
export class Cookies {
  readonly #session: string;
  readonly #refresh: string;

  constructor(tenant?: string) {
    const suffix = tenant === undefined ? '' : `_${tenant}`;
    this.#session = `millrace_session${suffix}`;
    this.#refresh = `millrace_refresh${suffix}`;
  }

  set(
    request: Request,
    response: Response,
    { accessToken, refreshToken }: { readonly accessToken: string; readonly refreshToken: string },
  ): void {
    // Whoever says so without TLS only keeps the cookies from itself.
    const secure = request.secure || request.headers['x-forwarded-proto'] === 'https';
    response.cookie(this.#session, accessToken, { ...OPTIONS, secure, path: '/', maxAge: ACCESS_SECONDS * 1000 });
    response.cookie(this.#refresh, refreshToken, { ...OPTIONS, secure, path: REFRESH_PATH, maxAge: MONTH_MS });
  }

  clear(response: Response): void {
    response.clearCookie(this.#session, { ...OPTIONS, path: '/' });
    response.clearCookie(this.#refresh, { ...OPTIONS, path: REFRESH_PATH });
  }

  sessionOf(request: Pick<Request, 'headers'>): string | undefined {
    return cookie(request, this.#session);
  }

  refreshOf(request: Request): string | undefined {
    return cookie(request, this.#refresh);
  }
}

function cookie({ headers }: Pick<Request, 'headers'>, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return undefined;
}
