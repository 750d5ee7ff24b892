import type { SpreadLines } from './line-format.js';
import { ObjectScanner } from './object-scanner.js';

/** An object that goes on longer is none. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_LINES = 20_000;
/**
 * How the first line of an object begins that has a line for each member; in a list, behind a bracket or a comma, or what
 * closes the object before it.
 */
const BEGINS = /^\s*(?:\[\s*|(?:\}\s*)?,\s*)?\{/;
/** What other lines of it can be: anything else is a line of its own. */
const GOES_ON = /^\s*(?:["{}[\],]|(?:-?\d[\d.eE+-]*|true|false|null)\s*(?:,\s*)?(?:$|[\]}])|$)/;
const OBJECT = /^\s*\{/;
const AWAITS_OBJECT = /(?:[[:]|[\]}],)$/;
const OPENING = '{[';
const SPACE = 0x20;

/** Puts together objects in JSON that are spread over several lines, as `jq` and many interfaces print them. */
export class SpreadObjects implements SpreadLines {
  #lines: string[] = [];
  #characters = 0;
  readonly #scanner = new ObjectScanner();

  get isOpen(): boolean {
    return this.#lines.length > 0;
  }

  add(line: string): readonly string[] | undefined {
    if (this.#lines.length === 0) return opens(line) ? this.#take(line) : undefined;
    if (
      !GOES_ON.test(line) ||
      (OBJECT.test(line) && !this.#awaitsObject()) ||
      this.#characters > MAX_CHARACTERS ||
      this.#lines.length > MAX_LINES
    ) {
      return [...this.end(), line];
    }
    return this.#take(line);
  }

  end(): string[] {
    const kept = this.#lines.length === 0 ? [] : [this.#lines.join('\n')];
    this.#lines = [];
    this.#characters = 0;
    this.#scanner.reset();
    return kept;
  }

  /** Whether an object may follow the last line: within another one it needs a name. */
  #awaitsObject(): boolean {
    return AWAITS_OBJECT.test(this.#lines.at(-1)?.trimEnd() ?? '');
  }

  #take(line: string): string[] {
    const records: string[] = [];
    let rest = line;
    for (;;) {
      const end = this.#scanner.endIn(rest, this.isOpen ? 0 : rest.indexOf('{'));
      if (end < 0) break;
      this.#lines.push(rest.slice(0, end));
      records.push(this.#lines.join('\n'));
      this.end();
      // `}, {` ends one and begins the next.
      rest = rest.slice(end);
      if (!opens(rest)) return records;
    }
    this.#scanner.endLine();
    this.#lines.push(this.isOpen ? rest : rest.slice(rest.indexOf('{')));
    this.#characters += rest.length;
    return records;
  }
}

/** The objects that a text has one behind the other; undefined where there is anything else in it. */
export function objectsInRow(text: string): string[] | undefined {
  const objects: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) <= SPACE) {
      at++;
      continue;
    }
    const end = text[at] === '{' ? new ObjectScanner().endIn(text, at) : -1;
    if (end < 0) return undefined;
    objects.push(text.slice(at, end));
    at = end;
  }
  return objects;
}

/** Whether a line ends with an object that it opens: one that was cut off would have to be cut off just there. */
function opens(line: string): boolean {
  let last = line.length - 1;
  while (last >= 0 && line.charCodeAt(last) <= SPACE) last--;
  return last >= 0 && OPENING.includes(line[last] ?? '') && BEGINS.test(line);
}
