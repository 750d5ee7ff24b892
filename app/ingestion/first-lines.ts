import { GUESSED_LINES } from './format-guesses.js';

const MOST_BYTES = 256 * 1024;

/** The first lines of a text that comes in pieces. */
export class FirstLines {
  #text = '';

  add(piece: Buffer): void {
    if (this.#text.length < MOST_BYTES) this.#text += piece.toString('utf8', 0, MOST_BYTES);
  }

  /** Without empty ones, and the last, which may be cut off. */
  get lines(): string[] {
    const lines = this.#text.replace(/^\ufeff/, '').split(/\r?\n/);
    if (lines.length > 1) lines.pop();
    return lines.filter((line) => line.trim() !== '').slice(0, GUESSED_LINES);
  }
}
