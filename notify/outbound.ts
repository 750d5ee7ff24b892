import { lookup as lookUp } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { DeliveryError } from './delivery-error.js';

/** Where calls may go beyond public addresses by https. */
export interface OutboundOptions {
  /** Names of hosts, addresses or networks such as `10.0.0.0/8` that may be called though they are not public; `*` is all. */
  readonly allow: readonly string[];
  readonly timeoutMs?: number;
  /** All addresses of a host; default the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

export interface OutboundCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Public by their form, and yet of the provider's inside: Azure's wire server. */
const ALSO_INSIDE = ['168.63.129.16'];
/** NAT64 of a site's own (RFC 8215), and addresses that hold one of IPv4 (RFC 4291, deprecated). */
const EMBEDDING_NETWORKS = ['64:ff9b:1::/48', '::/96'];

/**
 * Calls that may not be turned against the inside of a network: https, and to public addresses, unless it is allowed. A
 * host is resolved once; the connection goes to an address that was looked at. Redirects are not followed.
 */
export class Outbound {
  readonly #options: OutboundOptions;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** The same, where the host is allowed, too. */
  allowing(host: string): Outbound {
    return new Outbound({ ...this.#options, allow: [...this.#options.allow, host] });
  }

  /** @throws DeliveryError */
  async post({ body, headers, signal, url }: OutboundCall): Promise<OutboundAnswer> {
    const { hostname, password, protocol, username } = parsed(url);
    if (username !== '' || password !== '') throw refused('an address with a name and password in it is not called');
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    if (protocol !== 'https:' && !(protocol === 'http:' && this.#isAllowed(host))) {
      throw refused(`${protocol}//${host} is not called: it must be https, or a host that is allowed`);
    }
    const addresses = await this.addressesOf(host);
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
    // Loaded with the first call: most processes make none.
    const { Agent, request } = await import('undici');
    const agent = new Agent({
      connect: { lookup: pinned(addresses), timeout: timeoutMs },
      maxResponseSize: MAX_ANSWER_BYTES,
    });
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent, signal: within });
      const text = await answer.body.text();
      const after = answer.headers['retry-after'];
      return { status: answer.statusCode, body: text, retryAfter: Array.isArray(after) ? after[0] : after };
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw new DeliveryError(`${host}: ${messageOf(cause, timeoutMs)}`, { retryable: true, cause });
    } finally {
      await agent.destroy();
    }
  }

  /** The addresses of a host, all of which may be called. @throws DeliveryError */
  async addressesOf(host: string): Promise<readonly string[]> {
    let addresses: readonly string[];
    try {
      addresses = ipaddr.isValid(host) ? [host] : await (this.#options.resolve ?? systemResolver)(host);
    } catch (cause) {
      throw new DeliveryError(`${host} cannot be resolved: ${(cause as Error).message}`, { retryable: true, cause });
    }
    if (addresses.length === 0) throw new DeliveryError(`${host} has no address`, { retryable: true });
    for (const address of addresses) {
      if (!isPublic(address) && !this.#isAllowed(host, address)) {
        throw refused(`${host} is not called: ${address} is not a public address, and it is not allowed`);
      }
    }
    return addresses;
  }

  #isAllowed(host: string, address?: string): boolean {
    return this.#options.allow.some((one) => {
      if (one === '*' || one.toLowerCase() === host.toLowerCase()) return true;
      const at = address ?? (ipaddr.isValid(host) ? host : undefined);
      if (at === undefined) return false;
      const ip = ipaddr.process(at);
      if (ipaddr.isValid(one)) return ipaddr.process(one).toString() === ip.toString();
      if (!ipaddr.isValidCIDR(one)) return false;
      const [network, bits] = ipaddr.parseCIDR(one);
      return network.kind() === ip.kind() && ip.match(network, bits);
    });
  }
}

/** Whether an address is one of the internet's, also where it holds one of IPv4. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  if (ip.kind() === 'ipv6') {
    const isEmbedding = EMBEDDING_NETWORKS.some((one) => ip.match(ipaddr.parseCIDR(one)));
    if (isEmbedding) return false;
  }
  return ip.range() === 'unicast' && !ALSO_INSIDE.includes(ip.toString());
}

function pinned(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: ipaddr.parse(address).kind() === 'ipv6' ? 6 : 4 }));
  return (_host, { all }, done) => {
    const [first] = found;
    if (first === undefined) done(new Error('no address'), '');
    else if (all) done(null, found);
    else done(null, first.address, first.family);
  };
}

async function systemResolver(host: string): Promise<readonly string[]> {
  return (await lookUp(host, { all: true })).map(({ address }) => address);
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch (cause) {
    throw new DeliveryError('the address of the channel is no URL', { retryable: false, cause });
  }
}

function refused(message: string): DeliveryError {
  return new DeliveryError(message, { retryable: false });
}

function messageOf(cause: unknown, timeoutMs: number): string {
  const { code, message, name } = cause as Error & { readonly code?: string };
  if (name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `an answer of more than ${MAX_ANSWER_BYTES} bytes`;
  return message === '' ? (code ?? name) : message;
}
