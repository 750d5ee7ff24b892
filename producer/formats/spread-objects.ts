import type { SpreadLines } from './line-format.js';

/** An object that goes on longer is none. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_LINES = 20_000;
/** How the first line of an object begins that has a line for each member; in a list, behind a bracket or a comma. */
const BEGINS = /^\s*(?:\[\s*|,\s*)?\{/;
/** What other lines of it can be: anything else is a line of its own. */
const GOES_ON = /^\s*(?:["{}[\],]|(?:-?\d[\d.eE+-]*|true|false|null)\s*(?:,\s*)?(?:$|[\]}])|$)/;
const OBJECT = /^\s*\{/;
const AWAITS_OBJECT = /(?:[[:]|[\]}],)$/;
const OPENING = '{[';
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Puts together objects in JSON that are spread over several lines, as `jq` and many interfaces print them. */
export class SpreadObjects implements SpreadLines {
  #lines: string[] = [];
  #characters = 0;
  #depth = 0;

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
    this.#depth = 0;
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
      const end = this.#endIn(rest);
      if (end < 0) break;
      this.#lines.push(rest.slice(0, end));
      records.push(this.#lines.join('\n'));
      this.end();
      // `}, {` ends one and begins the next.
      rest = rest.slice(end);
      if (!opens(rest)) return records;
    }
    this.#lines.push(rest);
    this.#characters += rest.length;
    return records;
  }

  #endIn(line: string): number {
    const { depth, end } = scanned(line, this.#lines.length === 0 ? line.indexOf('{') : 0, this.#depth);
    this.#depth = depth;
    return end;
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
    const { end } = text[at] === '{' ? scanned(text, at, 0) : NO_END;
    if (end < 0) return undefined;
    objects.push(text.slice(at, end));
    at = end;
  }
  return objects;
}

interface Scanned {
  readonly depth: number;
  /** Behind what closes the object; -1 where it goes on. */
  readonly end: number;
}

const NO_END: Scanned = { depth: 0, end: -1 };

/** How deep a line ends in an object, or where that ends. No text in JSON has a newline. */
function scanned(line: string, from: number, depthBefore: number): Scanned {
  let depth = depthBefore;
  let isText = false;
  for (let at = from; at < line.length; at++) {
    const character = line.charCodeAt(at);
    if (isText) {
      if (character === BACKSLASH) at++;
      else if (character === QUOTE) isText = false;
    } else if (character === QUOTE) isText = true;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) depth++;
    else if ((character === CLOSE_BRACE || character === CLOSE_BRACKET) && --depth <= 0)
      return { depth: 0, end: at + 1 };
  }
  return { depth, end: -1 };
}

/** Whether a line ends with an object that it opens: one that was cut off would have to be cut off just there. */
function opens(line: string): boolean {
  let last = line.length - 1;
  while (last >= 0 && line.charCodeAt(last) <= SPACE) last--;
  return last >= 0 && OPENING.includes(line[last] ?? '') && BEGINS.test(line);
}
