import type { Request, Response } from 'express';
import { ACCESS_SECONDS } from './access-tokens.js';

export const SESSION_COOKIE = 'millrace_session';
const REFRESH_COOKIE = 'millrace_refresh';
const REFRESH_PATH = '/api/v1/auth';
const MONTH_MS = 30 * 86_400_000;

const OPTIONS = { httpOnly: true, sameSite: 'strict' } as const;

export function setCookies(
  request: Request,
  response: Response,
  { accessToken, refreshToken }: { readonly accessToken: string; readonly refreshToken: string },
): void {
  // Whoever says so without TLS only keeps the cookies from itself.
  const secure = request.secure || request.headers['x-forwarded-proto'] === 'https';
  response.cookie(SESSION_COOKIE, accessToken, { ...OPTIONS, secure, path: '/', maxAge: ACCESS_SECONDS * 1000 });
  response.cookie(REFRESH_COOKIE, refreshToken, { ...OPTIONS, secure, path: REFRESH_PATH, maxAge: MONTH_MS });
}

export function clearCookies(response: Response): void {
  response.clearCookie(SESSION_COOKIE, { ...OPTIONS, path: '/' });
  response.clearCookie(REFRESH_COOKIE, { ...OPTIONS, path: REFRESH_PATH });
}

export function sessionCookie(request: Request): string | undefined {
  return cookie(request, SESSION_COOKIE);
}

export function refreshCookie(request: Request): string | undefined {
  return cookie(request, REFRESH_COOKIE);
}

function cookie({ headers }: Request, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return undefined;
}
