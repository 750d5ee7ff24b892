/** What a container may write as one line; the rest of a longer one is left out. */
const MAX_CHARACTERS = 1024 * 1024;

/** Puts together the parts into which container runtimes cut long lines, stream by stream. */
export class PartialLines {
  readonly #parts = new Map<string, string>();

  /** @returns the whole line; undefined when more of it follows */
  join(stream: string, text: string, isPart: boolean): string | undefined {
    const before = this.#parts.get(stream);
    if (before === undefined && !isPart) return text;
    const joined = `${before ?? ''}${text}`.slice(0, MAX_CHARACTERS);
    if (isPart) {
      this.#parts.set(stream, joined);
      return undefined;
    }
    this.#parts.delete(stream);
    return joined;
  }
}
