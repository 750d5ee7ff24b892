import { randomBytes } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { AccessSource } from './access-file.js';

export const ACCESS_SECONDS = 15 * 60;
const KEY_LIVES_MS = 86_400_000;
/** Whoever signed with it shortly before it was replaced is still let in. */
const KEY_VERIFIES_MS = KEY_LIVES_MS + (ACCESS_SECONDS + 60) * 1000;
const ISSUER = 'millrace';
const AUDIENCE = 'millrace-api';
const ALGORITHM = 'HS256';

/** What an access token says; the role is the user's when it is used. */
export interface AccessClaims {
  readonly user: string;
  readonly session: string;
}

/** Signs and checks access tokens: JWTs of 15 minutes, by keys that change each day. */
export class AccessTokens {
  readonly #file: AccessSource;

  constructor(file: AccessSource) {
    this.#file = file;
  }

  async sign({ session, user }: AccessClaims): Promise<string> {
    const { kid, secret } = await this.#signingKey();
    return new SignJWT({ sid: session })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid })
      .setSubject(user)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${ACCESS_SECONDS}s`)
      .sign(Buffer.from(secret, 'base64url'));
  }

  /** @returns undefined for what is none of ours, was changed, or is over */
  async verify(token: string): Promise<AccessClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#keyOf(kid), {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub', 'sid'],
      });
      const { sid, sub } = payload;
      return typeof sub === 'string' && typeof sid === 'string' ? { user: sub, session: sid } : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** Makes a new key; what the one before has signed holds until it is over. */
  async rotate(): Promise<void> {
    const now = Date.now();
    const key = { kid: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('base64url'), created: now };
    await this.#file.change((access) => {
      const keys = [...access.keys.filter(({ created }) => now - created < KEY_VERIFIES_MS), key];
      return { access: { ...access, keys }, result: undefined };
    });
  }

  async #signingKey() {
    const newest = () => this.#file.get().keys.toSorted((one, other) => other.created - one.created)[0];
    let key = newest();
    if (key === undefined || Date.now() - key.created > KEY_LIVES_MS) {
      await this.rotate();
      key = newest();
    }
    if (key === undefined) throw new Error('there is no key to sign with');
    return key;
  }

  #keyOf(kid: string | undefined): Uint8Array {
    const key = this.#file.get().keys.find((one) => one.kid === kid);
    if (key === undefined || Date.now() - key.created > KEY_VERIFIES_MS) throw new errors.JWKSNoMatchingKey();
    return Buffer.from(key.secret, 'base64url');
  }
}
