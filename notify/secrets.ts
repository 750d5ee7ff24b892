import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { NotifyError } from './notify-error.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Keeps what is secret from those who can read the log. */
export class Secrets {
  readonly #key: Buffer | undefined;

  private constructor(key: Buffer | undefined) {
    this.#key = key;
  }

  /**
   * The key is of MILLRACE_SECRET_KEY, or of the file that MILLRACE_SECRET_KEY_FILE names, or else of a file that only this
   * user can read, which is made when there is none. Without any, where several machines share the log, nothing secret
   * can be kept.
   *
   * @throws NotifyError NOTIFY_SECRET for a named file that cannot be read, or that is empty
   */
  static of(keyFile: string | undefined, environment: NodeJS.ProcessEnv = process.env): Secrets {
    const { MILLRACE_SECRET_KEY: key, MILLRACE_SECRET_KEY_FILE: named } = environment;
    const given = key || !named ? key : namedKey(named);
    if (given !== undefined && given !== '') return new Secrets(createHash('sha256').update(given).digest());
    return new Secrets(keyFile === undefined ? undefined : keyIn(keyFile));
  }

  /** @throws NotifyError NOTIFY_SECRET without a key */
  seal(value: unknown): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#required(), iv);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws NotifyError NOTIFY_SECRET without the key that it was sealed with */
  open(text: string): unknown {
    const bytes = Buffer.from(text, 'base64');
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#required(), bytes.subarray(0, IV_BYTES));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return JSON.parse(opened.toString()) as unknown;
    } catch (cause) {
      if (cause instanceof NotifyError) throw cause;
      throw new NotifyError('NOTIFY_SECRET', 'a channel was kept with another key; give it anew', { cause });
    }
  }

  #required(): Buffer {
    if (this.#key !== undefined) return this.#key;
    throw new NotifyError(
      'NOTIFY_SECRET',
      'channels are kept in Kafka only with a key: set MILLRACE_SECRET_KEY, the same for all servers, or use --alerts',
    );
  }
}

function namedKey(file: string): string {
  let text = '';
  try {
    text = readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    const why = (cause as Error).message;
    throw new NotifyError('NOTIFY_SECRET', `MILLRACE_SECRET_KEY_FILE: ${file} cannot be read: ${why}`, { cause });
  }
  if (text === '') throw new NotifyError('NOTIFY_SECRET', `MILLRACE_SECRET_KEY_FILE: ${file} is empty`);
  return text;
}

function keyIn(file: string): Buffer {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(file, 0o600);
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
}
