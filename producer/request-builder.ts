import { isIP } from 'node:net';
import { UNKNOWN_CLIENT } from '../schemas/canonical/address.js';
import { canonicalCountry, UNKNOWN_COUNTRY } from '../schemas/canonical/country.js';
import { canonicalHost } from '../schemas/canonical/host.js';
import type { AccessLog } from '../schemas/records.js';
import { ClientFinder, type ClientRule } from './client-address.js';
import { CountryLookup } from './country.js';
import type { EventClock } from './event-clock.js';
import { takeAbsoluteTarget } from './formats/absolute-request.js';
import { LineRefusal, type RequestFields, says, shown } from './formats/line-format.js';
import type { OddFieldCounts } from './odd-fields.js';
import type { RequestDetail } from './privacy.js';
import { ownText, RecentMap } from './recent-map.js';
import { RequestDetails } from './request-details.js';

export interface RequestDefaults {
  /** For lines that do not name the virtual host. */
  readonly host: string;
  /** For lines that do not name the machine. */
  readonly server: string;
  /** Which address is the client's where proxies stand before the server; default: see `ClientFinder`. */
  readonly client?: ClientRule;
  /** Whether requests of a path are left out. Lines that do not say what was asked for are not. */
  readonly isExcluded?: (path: string) => boolean;
  /** What is kept beside what results are made of. Default nothing. */
  readonly details?: (name: RequestDetail) => boolean;
}

/** What stands for the status of a response that is not known, or that had none. NGINX writes 000 then. */
const NO_STATUS = 0;
const NO_METHOD = '-';
const WHOLE = /^\d{1,15}$/;
const DECIMAL = /^(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const METHOD = /^[!#$%&'*+.^_`|~\dA-Za-z-]{1,32}$/;
const LONGEST_SERVER = 255;
const LONGEST_KNOWN = 256;

interface Client {
  readonly client: string | undefined;
  readonly country: string;
}

const NOBODY: Client = { client: undefined, country: UNKNOWN_COUNTRY };

/**
 * Makes a request's event of a line's fields. Only what every result needs may refuse the line: a time, and a client or a host. Any
 * other field that is not what it should be is left out, and counted.
 */
export class RequestBuilder {
  readonly oddFields: OddFieldCounts;
  readonly #defaults: RequestDefaults;
  readonly #countries = new CountryLookup();
  readonly #clock: EventClock;
  readonly #clients: ClientFinder;
  /** What was found for an address as it is spelt: by far the most lines have one that was there lately. */
  readonly #known = new RecentMap<Client>();
  readonly #hosts = new RecentMap<string>();
  readonly #codes = new RecentMap<string>();
  readonly #details: RequestDetails | undefined;

  /** @throws ProducerError CLIENT_FROM */
  constructor(defaults: RequestDefaults, clock: EventClock, oddFields: OddFieldCounts) {
    this.oddFields = oddFields;
    this.#defaults = defaults;
    this.#clock = clock;
    this.#clients = new ClientFinder(defaults.client);
    this.#details = defaults.details === undefined ? undefined : new RequestDetails(defaults.details);
  }

  /** Whether the line is one of those that are to be left out. */
  excludes({ path, request }: RequestFields): boolean {
    const { isExcluded } = this.#defaults;
    if (isExcluded === undefined) return false;
    const asked = says(path) ? path : typeof request === 'string' ? request.split(' ', 2)[1] : undefined;
    return typeof asked === 'string' && isExcluded(asked);
  }

  build(fields: RequestFields): AccessLog | LineRefusal {
    const timestamp = this.#timestamp(fields);
    if (typeof timestamp !== 'number') return timestamp;
    const { client, country } = this.#client(fields);
    takeAbsoluteTarget(fields);
    const host = this.#host(fields.host);
    if (client === undefined && host === undefined) return noKey(fields);
    if (client === undefined) this.oddFields.add('client', 'none that can be used');
    if (fields.ambiguous !== undefined) for (const field of fields.ambiguous) this.oddFields.add(field, 'ambiguous');
    const event: AccessLog = {
      server: this.#server(fields.server),
      client_ip: client ?? UNKNOWN_CLIENT,
      method: this.#method(fields),
      status: this.#status(fields),
      request_time: this.#requestTime(fields.requestTime),
      host: host ?? this.#defaults.host,
      country: this.#country(fields.country) ?? country,
      timestamp,
      bytes: this.#bytes(fields.bytes),
    };
    return this.#details === undefined ? event : this.#details.addTo(event, fields);
  }

  #timestamp({ time, ambiguous }: RequestFields): number | LineRefusal {
    if (!says(time) && ambiguous?.includes('time') === true) {
      return new LineRefusal('ambiguous-line', 'the time can be read in two ways');
    }
    return this.#clock.timestamp(time);
  }

  #client({ client: remote, forwarded }: RequestFields): Client {
    if (forwarded !== undefined || typeof remote !== 'string') {
      return this.#withCountry(this.#clients.find(remote, forwarded));
    }
    let known = this.#known.get(remote);
    if (known === undefined) {
      const text = ownText(remote);
      known = this.#withCountry(this.#clients.find(text, undefined));
      if (text.length <= LONGEST_KNOWN) this.#known.set(text, known);
    }
    return known;
  }

  #withCountry(client: string | undefined): Client {
    if (client === undefined) return NOBODY;
    return { client, country: isIP(client) === 0 ? UNKNOWN_COUNTRY : this.#countries.country(client) };
  }

  #host(value: unknown): string | undefined {
    if (typeof value !== 'string') return undefined;
    let host = this.#hosts.get(value);
    if (host === undefined) {
      const text = ownText(value);
      host = canonicalHost(text) ?? '';
      if (text.length <= LONGEST_KNOWN) this.#hosts.set(text, host);
    }
    if (host !== '') return host;
    if (says(value) && value !== '_') this.oddFields.add('host', 'no name');
    return undefined;
  }

  #server(value: unknown): string {
    return typeof value === 'string' && says(value) && value.length <= LONGEST_SERVER ? value : this.#defaults.server;
  }

  #method({ method, request }: RequestFields): string {
    const named = says(method) ? method : request;
    if (typeof named !== 'string' || !says(named)) return NO_METHOD;
    const space = named.indexOf(' ');
    const word = space < 0 ? named : named.slice(0, space);
    if (word === 'GET' || word === 'POST' || METHOD.test(word)) return word;
    this.oddFields.add('method', 'none of HTTP');
    return NO_METHOD;
  }

  #status({ status: value, ambiguous }: RequestFields): number {
    if (typeof value === 'string' && value.length === 3) {
      const status = Number(value);
      if (status >= 100 && status <= 599) return status;
    }
    if (ambiguous !== undefined && value === undefined) return NO_STATUS;
    return this.#oddStatus(value);
  }

  /** Servers pass on what backends send, up to 999; NGINX writes 000 without a response, and 009 to HTTP/0.9. */
  #oddStatus(value: unknown): number {
    const text = typeof value === 'string' ? value.trim() : value;
    const status = typeof text === 'string' && /^\d{3}$/.test(text) ? Number(text) : text;
    const isOne = typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 999;
    if (isOne && status <= 599) return status;
    this.oddFields.add('status', isOne ? 'over 599' : says(value) ? 'none of HTTP' : 'missing');
    return isOne ? status : NO_STATUS;
  }

  #requestTime(value: unknown): number | null {
    if (!says(value)) return null;
    const seconds = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
    if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0) return seconds;
    this.oddFields.add('request_time', 'no seconds');
    return null;
  }

  #country(value: unknown): string | undefined {
    if (!says(value)) return undefined;
    if (typeof value !== 'string') return this.#oddCountry();
    let country = this.#codes.get(value);
    if (country === undefined) {
      country = canonicalCountry(value) ?? '';
      if (value.length <= LONGEST_KNOWN) this.#codes.set(ownText(value), country);
    }
    return country === '' ? this.#oddCountry() : country;
  }

  #oddCountry(): undefined {
    this.oddFields.add('country', 'none of ISO 3166');
    return undefined;
  }

  #bytes(value: unknown): number | null {
    if (!says(value)) return null;
    const bytes = typeof value === 'string' && WHOLE.test(value) ? Number(value) : value;
    if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
    this.oddFields.add('bytes', 'no whole number');
    return null;
  }
}

function noKey({ ambiguous, client, forwarded }: RequestFields): LineRefusal {
  if (ambiguous?.includes('client') === true) {
    return new LineRefusal('ambiguous-line', 'the client can be read in two ways');
  }
  const value = says(client) ? client : forwarded;
  return says(value)
    ? new LineRefusal('wrong-client', `neither a host nor a client that can be used: ${shown(value)}`)
    : new LineRefusal('missing-field', 'neither a client nor a host is there');
}
