/** Who asks within this time has heard of a failure. */
const HEARD_WITHIN_MS = 2000;

/**
 * A failure that nobody listens for: unless the program asks about it soon, it is reported on standard error and the process ends
 * with code 1, at once where other things would keep it alive.
 */
export class UnheardFailure {
  readonly #text: string;
  readonly #timer: NodeJS.Timeout;
  readonly #onExit = () => {
    this.#tell();
    process.exitCode ??= 1;
  };

  constructor(applicationId: string, error: Error) {
    // Where a function of the user's threw is in the stack of the cause.
    const cause = error.cause instanceof Error && error.cause.stack !== undefined ? `\n${error.cause.stack}` : '';
    this.#text = `the application "${applicationId}" has failed, and does nothing more: ${error.message}${cause}\n`;
    process.once('exit', this.#onExit);
    this.#timer = setTimeout(() => {
      this.heard();
      this.#tell();
      process.exit(1);
    }, HEARD_WITHIN_MS).unref();
  }

  /** Somebody has been told, and decides what becomes of the process. */
  heard(): void {
    clearTimeout(this.#timer);
    process.off('exit', this.#onExit);
  }

  #tell(): void {
    process.stderr.write(this.#text);
  }
}
