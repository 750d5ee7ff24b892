/**
 * What must not reach a terminal as it is: controls (C0, DEL, C1), what is invisible or turns the direction of text
 * (bidi controls, zero-width characters, tags), separators of lines and paragraphs, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text that may be written to a terminal: what others have sent is escaped in it. Everything that prints demands it, so
 * that text of a log line, a broker or a file's name cannot be printed as it came by mistake.
 */
export class SafeText {
  static readonly empty = new SafeText('');
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** One line: whatever could move the cursor, hide or reorder text is escaped, as in `\x1b` and `\u202e`. */
  static of(text: string): SafeText {
    return new SafeText(escaped(text));
  }

  /** The same for text of the program's own that has several lines. */
  static lines(text: string): SafeText {
    return new SafeText(text.split('\n').map(escaped).join('\n'));
  }

  /** A value as a line of JSON; whoever parses it gets the value as it was. */
  static json(value: unknown): SafeText {
    return new SafeText(JSON.stringify(value).replace(UNSAFE, jsonEscapeOf));
  }

  static join(parts: readonly SafeText[], separator: string): SafeText {
    return new SafeText(parts.join(separator));
  }

  /** With the fixed parts as they are, and what stands between them escaped where it is not safe already. */
  static template(fixed: TemplateStringsArray, ...values: readonly (SafeText | string | number)[]): SafeText {
    return new SafeText(
      fixed.reduce((text, part, index) => {
        const value = values[index - 1] ?? '';
        return `${text}${value instanceof SafeText ? value : escaped(String(value))}${part}`;
      }),
    );
  }

  /** In a colour, or cut off, or padded: by a function that adds nothing of others. */
  with(change: (text: string) => string): SafeText {
    return new SafeText(change(this.#text));
  }

  toString(): string {
    return this.#text;
  }
}

/** Text that may be printed: `` safe`goal 1: ${client}` ``. */
export const safe = SafeText.template;

function escaped(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 1)}}`;
}

/** JSON has no escape for a code point beyond 16 bits: its halves stand for it. */
function jsonEscapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, unit) => `\\u${hex(character.charCodeAt(unit), 4)}`).join('');
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
