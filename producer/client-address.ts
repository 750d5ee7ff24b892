import { canonicalAddress, canonicalClient, isPrivateAddress } from '../schemas/canonical/address.js';
import { Networks } from '../schemas/canonical/networks.js';
import { FORWARDED_FOR, says } from './formats/line-format.js';
import { ProducerError } from './producer-error.js';

/** Which address a request's client has where proxies stand before the server. */
export interface ClientRule {
  /**
   * The header or variable that names the client, such as `x-forwarded-for`, `x-real-ip`, `cf-connecting-ip`,
   * `forwarded`; `remote_addr` for the address that connected, whatever it is.
   */
  readonly from: string;
  /** Addresses and networks (`10.0.0.0/8`) of the proxies whose word counts; none: what the header says first. */
  readonly trustedProxies: readonly string[];
}

const REMOTE_ADDRESS = 'remote_addr';
/** More entries than any chain of proxies has are a client's own. */
const MAX_ENTRIES = 64;

/** The name under which logs have what a client rule names: `X-Real-IP` is `http_x_real_ip`. */
export function forwardedVariable(rule: ClientRule | undefined): string {
  if (rule === undefined) return FORWARDED_FOR;
  const name = rule.from.trim().replace(/^\$/, '').toLowerCase().replaceAll('-', '_');
  if (!/^\w+$/.test(name)) {
    throw new ProducerError('CLIENT_FROM', `${JSON.stringify(rule.from)} is no name of a header or a variable`);
  }
  return /^(?:http_|proxy_|realip_)|^remote_addr$/.test(name) ? name : `http_${name}`;
}

/**
 * Finds the client of a request.
 *
 * Without a rule it is the address that connected. Where that is a private one, a proxy of one's own, it is the address
 * that this proxy saw: of what X-Forwarded-For says the last that is public, for what stands before it anybody can send.
 * Where no address is logged that connected, it is the first public one that X-Forwarded-For says.
 *
 * With a rule it is as NGINX's realip module has it, with `real_ip_recursive on`: what a trusted proxy says is believed,
 * from the last entry to the first, up to one that is not trusted.
 */
export class ClientFinder {
  readonly #rule: ClientRule | undefined;
  readonly #takesRemote: boolean;
  readonly #trusted: Networks;

  /** @throws ProducerError CLIENT_FROM for a rule that cannot be */
  constructor(rule?: ClientRule) {
    this.#rule = rule;
    this.#takesRemote = forwardedVariable(rule) === REMOTE_ADDRESS;
    this.#trusted = trustedNetworks(rule?.trustedProxies ?? []);
  }

  /** @returns the client's one spelling; undefined when the line names none */
  find(remote: unknown, forwarded: unknown): string | undefined {
    const isList = typeof remote === 'string' && remote.includes(',') && remote.indexOf(',') < remote.length - 1;
    if (isList) return this.find(undefined, remote);
    const peer = typeof remote === 'string' && says(remote) ? canonicalClient(remote) : undefined;
    if (this.#takesRemote || !says(forwarded)) return peer;
    if (this.#rule === undefined) {
      if (peer === undefined) return firstPublic(entries(forwarded));
      return isPrivateAddress(peer) ? (lastPublic(entries(forwarded)) ?? peer) : peer;
    }
    if (this.#trusted.size === 0) return firstPublic(entries(forwarded)) ?? peer;
    if (peer !== undefined && !this.#trusted.has(peer)) return peer;
    const addresses = entries(forwarded);
    return addresses.findLast((address) => !this.#trusted.has(address)) ?? addresses[0] ?? peer;
  }
}

/** The addresses of a list; `-`, `unknown`, `_hidden` and whatever else is none are passed over. */
function entries(list: unknown): string[] {
  const texts = Array.isArray(list) ? list.slice(-MAX_ENTRIES) : [list];
  return texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) => text.slice(-16_384).split(',').slice(-MAX_ENTRIES))
    .flatMap((text) => canonicalAddress(forwardedFor(text)) ?? []);
}

/** Of the header `Forwarded` (RFC 7239) what stands behind `for=`. */
function forwardedFor(entry: string): string {
  if (!entry.includes('=')) return entry;
  const pair = entry.split(';').find((part) => /^\s*for\s*=/i.test(part));
  return pair?.slice(pair.indexOf('=') + 1) ?? '';
}

function firstPublic(addresses: readonly string[]): string | undefined {
  return addresses.find((address) => !isPrivateAddress(address)) ?? addresses[0];
}

function lastPublic(addresses: readonly string[]): string | undefined {
  return addresses.findLast((address) => !isPrivateAddress(address)) ?? addresses[0];
}

function trustedNetworks(texts: readonly string[]): Networks {
  try {
    return new Networks(texts);
  } catch (cause) {
    throw new ProducerError('CLIENT_FROM', (cause as Error).message, { cause });
  }
}
