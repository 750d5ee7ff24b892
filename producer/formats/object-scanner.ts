const NEWLINE = 0x0a;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Follows an object in JSON to its end, in whatever pieces it comes. */
export class ObjectScanner {
  #depth = 0;
  #isText = false;
  #isEscaped = false;

  /** Whether an object has begun. */
  get isOpen(): boolean {
    return this.#depth > 0;
  }

  /**
   * @param from where the object begins, or goes on
   * @returns behind what closes it, or before a newline that breaks it, for no text in JSON has one; -1 where it goes on
   */
  endIn(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (character === BACKSLASH) this.#isEscaped = true;
        else if (character === QUOTE) this.#isText = false;
        else if (character === NEWLINE) return this.#over(at);
      } else if (character === QUOTE) this.#isText = true;
      else if (character === OPEN_BRACE || character === OPEN_BRACKET) this.#depth++;
      else if ((character === CLOSE_BRACE || character === CLOSE_BRACKET) && --this.#depth <= 0) {
        return this.#over(at + 1);
      }
    }
    return -1;
  }

  /** A line has ended, and with it any text. */
  endLine(): void {
    this.#isText = false;
    this.#isEscaped = false;
  }

  reset(): void {
    this.#depth = 0;
    this.endLine();
  }

  #over(at: number): number {
    this.reset();
    return at;
  }
}
