import type { ServiceFields } from './formats/line-format.js';

/** A stack trace has tens of lines, a thread dump some thousands. */
const MAX_LINES = 1000;
const MAX_CHARACTERS = 65_536;

/** A service's line, and those after it that are more of its message, as of a stack trace. */
export class OpenRecord<Line> {
  readonly #fields: ServiceFields;
  readonly #texts: string[] = [];
  #characters = 0;
  #omitted = 0;
  #last: Line;

  constructor(
    fields: ServiceFields,
    /** As it was read. */
    readonly first: Line,
  ) {
    this.#fields = fields;
    this.#last = first;
  }

  goesOn(text: string, line: Line): void {
    this.#last = line;
    this.#characters += text.length + 1;
    if (this.#texts.length < MAX_LINES && this.#characters <= MAX_CHARACTERS) this.#texts.push(text);
    else this.#omitted++;
  }

  /** All that it says, and the last of its lines. What is over the limits is counted in place of its text. */
  whole(): { readonly fields: ServiceFields; readonly last: Line } {
    const fields = this.#fields;
    if (this.#texts.length > 0 || this.#omitted > 0) {
      const first = typeof fields.message === 'string' ? [fields.message] : [];
      // .NET's console has the message in the lines behind, all of them as far in as the first.
      const indent = first.length === 0 ? (/^ */.exec(this.#texts[0] ?? '')?.[0] ?? '') : '';
      const rest = this.#omitted > 0 ? [`… ${this.#omitted} more lines`] : [];
      const texts = this.#texts.map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text));
      fields.message = [...first, ...texts, ...rest].join('\n').trimEnd();
    }
    return { fields, last: this.#last };
  }
}
