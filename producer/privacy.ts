import ipaddr from 'ipaddr.js';
import { parsedAddress } from '../schemas/canonical/address.js';
import type { AccessLog, ServiceLog } from '../schemas/records.js';
import { LineRefusal } from './formats/line-format.js';
import { ProducerError } from './producer-error.js';
import { ownText, RecentMap } from './recent-map.js';

/** What of events may be left out: what no result needs. */
const REQUEST_DETAILS = [
  ...['path', 'query', 'user_agent', 'referrer', 'user', 'upstream_time', 'protocol', 'tls', 'request_id'],
] as const;
const SERVICE_DETAILS = [
  ...['user_id', 'session_id', 'request_id', 'ip', 'endpoint', 'source', 'trace_id', 'span_id', 'attributes'],
] as const;
export type RequestDetail = (typeof REQUEST_DETAILS)[number];

/** An IPv4 address keeps so many bits; an IPv6 address as many as `ipv6Bits`. */
interface Prefix {
  readonly ipv4Bits: number;
  readonly ipv6Bits: number;
}

export interface PrivacyOptions {
  /** Such as `client_ip=/24`, or `/24/48`: the bits of an IPv6 address behind those of an IPv4 address. */
  readonly mask?: readonly string[] | undefined;
  /** Names of fields that are left out. */
  readonly drop?: readonly string[] | undefined;
}

/** Masks addresses and leaves out fields at the door: what is not in the log can be found in no place behind it. */
export class Privacy {
  readonly #prefix: Prefix | undefined;
  readonly #requestFields: readonly RequestDetail[];
  readonly #serviceFields: readonly (typeof SERVICE_DETAILS)[number][];
  readonly #known = new RecentMap<string>();

  /** @throws ProducerError MASK */
  constructor({ drop = [], mask = [] }: PrivacyOptions) {
    const names: readonly string[] = [...REQUEST_DETAILS, ...SERVICE_DETAILS];
    const unknown = drop.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const all = [...new Set(names)].join(', ');
      throw new ProducerError('MASK', `${JSON.stringify(unknown)} is no field that can be left out; those are ${all}`);
    }
    this.#prefix = mask.map(prefixOf).at(-1);
    this.#requestFields = REQUEST_DETAILS.filter((name) => drop.includes(name));
    this.#serviceFields = SERVICE_DETAILS.filter((name) => drop.includes(name));
  }

  /** Of a request's details those that are wanted. */
  wants(detail: RequestDetail): boolean {
    return !this.#requestFields.includes(detail);
  }

  request(event: AccessLog | LineRefusal): AccessLog | LineRefusal {
    if (event instanceof LineRefusal || this.#prefix === undefined) return event;
    return { ...event, client_ip: this.#masked(event.client_ip, this.#prefix) };
  }

  serviceLog(event: ServiceLog | LineRefusal): ServiceLog | LineRefusal {
    if (event instanceof LineRefusal || (this.#prefix === undefined && this.#serviceFields.length === 0)) return event;
    const kept: Record<string, unknown> = { ...event };
    if (this.#prefix !== undefined && event.ip !== null) kept['ip'] = this.#masked(event.ip, this.#prefix);
    for (const name of this.#serviceFields) kept[name] = null;
    return kept as unknown as ServiceLog;
  }

  #masked(address: string, prefix: Prefix): string {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const masked = networkOf(address, prefix);
    this.#known.set(ownText(address), masked);
    return masked;
  }
}

export const NO_PRIVACY = new Privacy({});

function prefixOf(text: string): Prefix {
  const [, name, ipv4, ipv6] = /^(client_ip|ip)=\/(\d{1,2})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const [ipv4Bits, ipv6Bits] = [Number(ipv4), ipv6 === undefined ? Math.min(128, 2 * Number(ipv4)) : Number(ipv6)];
  if (name !== undefined && ipv4Bits <= 32 && ipv6Bits <= 128) return { ipv4Bits, ipv6Bits };
  throw new ProducerError(
    'MASK',
    `${JSON.stringify(text)} is no mask such as client_ip=/24, or client_ip=/24/48 with IPv6's`,
  );
}

/** The network of an address, by its first address. A name stays as it is. */
function networkOf(address: string, { ipv4Bits, ipv6Bits }: Prefix): string {
  const parsed = parsedAddress(address);
  if (parsed === undefined) return address;
  const bytes = parsed.toByteArray();
  const bits = bytes.length === 4 ? ipv4Bits : ipv6Bits;
  const masked = bytes.map((byte, index) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - 8 * index))) & 0xff);
  const network = ipaddr.fromByteArray(masked);
  return network instanceof ipaddr.IPv6 ? network.toRFC5952String() : network.toString();
}
