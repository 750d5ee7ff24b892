import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Certificate authorities, and certificates of brokers at 127.0.0.1, in a directory. */
export class Certificates {
  constructor(readonly directory: string) {}

  /** Makes an authority. @returns the file of its certificate */
  async authority(name: string): Promise<string> {
    const file = this.#path(`${name}.pem`);
    await openssl('req', '-x509', ...KEY, '-keyout', this.#path(`${name}.key`), '-out', file, '-subj', `/CN=${name}`);
    return file;
  }

  /** Makes a certificate that the authority has signed. @returns the file of its key and itself, as Kafka reads them */
  async broker(name: string, authority: string, days: number): Promise<string> {
    const [key, request, signed, names] = ['key', 'csr', 'crt', 'san'].map((end) => this.#path(`${name}.${end}`)) as [
      string,
      string,
      string,
      string,
    ];
    await openssl('req', ...KEY, '-keyout', key, '-out', request, '-subj', '/CN=broker');
    await writeFile(names, 'subjectAltName=IP:127.0.0.1');
    const signs = ['-CA', this.#path(`${authority}.pem`), '-CAkey', this.#path(`${authority}.key`), '-CAcreateserial'];
    await openssl('x509', '-req', '-in', request, ...signs, '-days', `${days}`, '-out', signed, '-extfile', names);
    const store = this.#path(`${name}.store.pem`);
    await writeFile(store, `${await readFile(key, 'utf8')}${await readFile(signed, 'utf8')}`);
    return store;
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', args);
}
