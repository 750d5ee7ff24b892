/** What was done and what was seen, with its time, for a run to be read afterwards. */
export class Journal {
  readonly #startedAt = performance.now();
  readonly #entries: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #print: boolean;

  /** @param options.print every line also goes to standard output at once */
  constructor(options: { readonly print: boolean }) {
    this.#print = options.print;
  }

  note(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const entry = `${seconds.padStart(8)} s  ${text}`;
    this.#entries.push(entry);
    if (this.#print) console.log(entry);
  }

  /** Notes something that is done to what runs, and counts it by its kind. */
  action(kind: string, text: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.note(text);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** How many processes were killed by now, from outside and by themselves. */
  get kills(): number {
    return [...this.#counts].reduce((sum, [kind, count]) => sum + (kind.startsWith('kill') ? count : 0), 0);
  }

  get summary(): string {
    const counts = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return counts.map(([kind, count]) => `${String(count).padStart(5)}  ${kind}`).join('\n');
  }

  toString(): string {
    return this.#entries.join('\n');
  }
}
