/** A field, and how good the name is that it was found by: the lower, the better. */
export interface Place<Field> {
  readonly field: Field;
  readonly rank: number;
}

const MAX_KNOWN_NAMES = 4096;
const LONGEST_NAME = 128;

/** Finds the field that a member of an object is, by the names that people use. Letters count without case, hyphens and underscores. */
export class FieldNames<Field extends string> {
  readonly #places = new Map<string, Place<Field>>();
  /** By the names as they are written. */
  readonly #known = new Map<string, Place<Field> | null>();

  /** @param names of each field, the better ones first, with spaces between them */
  constructor(names: Readonly<Record<Field, string>>) {
    for (const [field, list] of Object.entries(names) as [Field, string][]) this.add(field, list, 0);
  }

  add(field: Field, names: string, rank: number): void {
    for (const [index, name] of names.split(' ').entries()) {
      if (name !== '' && !this.#places.has(spelling(name)))
        this.#places.set(spelling(name), { field, rank: rank + index });
    }
  }

  place(name: string): Place<Field> | null {
    let place = this.#known.get(name);
    if (place === undefined) {
      if (name.length > LONGEST_NAME) return null;
      place = this.#places.get(spelling(name)) ?? null;
      // Names are few, unless somebody makes them up.
      if (this.#known.size >= MAX_KNOWN_NAMES) this.#known.clear();
      this.#known.set(name, place);
    }
    return place;
  }
}

function spelling(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}
