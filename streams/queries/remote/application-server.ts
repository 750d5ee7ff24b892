import { ArgumentError } from '../../errors.js';
import type { HostInfo } from '../../runtime/group/group-members.js';

/** Where other instances of the application can ask this one for its state. */
export interface ApplicationServer extends HostInfo {
  /**
   * Shared by all instances, and asked for by each. Without `tls` it is sent as it is: the network must then be one that nobody
   * else hears.
   */
  readonly token?: string;
  /**
   * The address that the engine itself listens at, such as `127.0.0.1` or `0.0.0.0`; with the port 0, at a free one, which
   * the others are told. Without it the application has `Streams#stateQueryHandler` answer.
   */
  readonly listen?: string;
  /** With it instances ask each other over HTTPS; all of them must have it. */
  readonly tls?: ApplicationServerTls;
}

/** Certificates and keys, in PEM. */
export interface ApplicationServerTls {
  /** Of the authorities that have signed the certificates of the others. Default: those that Node knows. */
  readonly ca?: string | Buffer;
  /** Of this instance, for its `host`, with those that lead to the authority; needed where the engine listens. */
  readonly cert?: string | Buffer;
  /** Of `cert`. */
  readonly key?: string | Buffer;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

export function hostOf(server: ApplicationServer | undefined): HostInfo | undefined {
  return server && { host: server.host, port: server.port };
}

/** @throws ArgumentError */
export function checkServer({ host, listen, port, tls, token }: ApplicationServer): void {
  if (host === '' || !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new ArgumentError(`applicationServer needs a host and a port from 0 to 65535, not "${host}" and ${port}`);
  }
  if (token === '') throw new ArgumentError('the token of applicationServer is empty; leave it out, or give one');
  if (listen === undefined) return;
  if (tls !== undefined && (tls.cert === undefined || tls.key === undefined)) {
    throw new ArgumentError(
      `applicationServer cannot listen at ${listen} with TLS without a certificate; give tls a cert and a key`,
    );
  }
  if (LOOPBACK.has(listen) || token !== undefined) return;
  throw new ArgumentError(
    `applicationServer would answer anybody at ${listen}; give it a token, which all instances share`,
  );
}
