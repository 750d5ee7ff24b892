import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** About 60 ms and 32 MiB for each try. */
const COST = 2 ** 15;
const BLOCK_SIZE = 8;
const PARALLEL = 1;
const KEY_BYTES = 32;
const MAX_MEMORY = 64 * 2 ** 20;

export const MIN_PASSWORD = 10;

/** `scrypt$cost$block size$parallel$salt$key`, for a file. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST, BLOCK_SIZE, PARALLEL);
  return ['scrypt', COST, BLOCK_SIZE, PARALLEL, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** What a password is compared with where there is no such user: that takes as long. */
const NOBODYS = `scrypt$${COST}$${BLOCK_SIZE}$${PARALLEL}$${Buffer.alloc(16).toString('base64url')}$${Buffer.alloc(KEY_BYTES).toString('base64url')}`;

export async function isPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  const [kind, cost, blockSize, parallel, salt = '', key = ''] = (hash ?? NOBODYS).split('$');
  if (kind !== 'scrypt') return false;
  const expected = Buffer.from(key, 'base64url');
  const derived = await derive(
    password,
    Buffer.from(salt, 'base64url'),
    Number(cost),
    Number(blockSize),
    Number(parallel),
  );
  const isSame = derived.length === expected.length && timingSafeEqual(derived, expected);
  return isSame && typeof hash === 'string';
}

function derive(password: string, salt: Buffer, N: number, r: number, p: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, { N, r, p, maxmem: MAX_MEMORY }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
