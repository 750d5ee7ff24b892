import { createLogUpdate } from 'log-update';
import { columnsOf, saysJson } from './output.js';
import { SafeText } from './safe-text.js';
import { cut } from './width.js';

/** Lines at the bottom of the terminal that are drawn over again; on standard error. */
export class Screen {
  readonly #update = createLogUpdate(process.stderr);

  /** Undefined where standard error is no terminal, or is for a program. */
  static open(): Screen | undefined {
    return process.stderr.isTTY && !saysJson() ? new Screen() : undefined;
  }

  /** @returns how many columns a line may take */
  get columns(): number {
    return columnsOf(process.stderr) ?? 80;
  }

  /** Draws the lines instead of those before; each is cut off where the terminal ends. */
  draw(lines: readonly SafeText[]): void {
    const { columns } = this;
    this.#update(
      `${SafeText.join(
        lines.map((line) => cut(line, columns)),
        '\n',
      )}`,
    );
  }

  close(): void {
    this.#update.clear();
    this.#update.done();
  }
}
