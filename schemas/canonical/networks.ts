import ipaddr from 'ipaddr.js';
import { parsedAddress } from './address.js';

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Addresses and networks, such as `10.0.0.0/8`, `2001:db8::/32` and `192.0.2.7`. */
export class Networks {
  readonly #networks: readonly Network[];

  /** @throws Error for what is neither; its message says what it is */
  constructor(texts: readonly string[]) {
    this.#networks = texts.map(network);
  }

  get size(): number {
    return this.#networks.length;
  }

  /** Whether an address, in its one spelling, is one of them; names are not. */
  has(address: string): boolean {
    if (this.#networks.length === 0) return false;
    const parsed = parsedAddress(address);
    return this.#networks.some(([base, bits]) => parsed?.kind() === base.kind() && parsed.match(base, bits));
  }
}

function network(text: string): Network {
  try {
    return ipaddr.parseCIDR(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
  } catch (cause) {
    throw new Error(`${JSON.stringify(text)} is no address or network such as 10.0.0.0/8`, { cause });
  }
}
