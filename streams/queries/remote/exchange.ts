import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';

/** A request over HTTP and its answer, which is over when it was read, is let go, or is late. */
export class Exchange {
  readonly #url: string;
  readonly #body: string;
  readonly #headers: Readonly<Record<string, string>>;
  #sent: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;

  constructor(url: string, body: string, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#body = body;
    this.#headers = headers;
  }

  /** Whether it was let go because its time was up. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** How long it may take from now on; what is not here by then fails. */
  within(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.end();
    }, ms);
  }

  /** A connection that was kept may have been closed at the other end in the meantime: then another is made. */
  async post(): Promise<IncomingMessage> {
    this.#answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = () => {
        const sent = httpRequest(this.#url, { method: 'POST', headers: this.#headers }, resolve);
        sent.on('error', (error: NodeJS.ErrnoException) => {
          if (sent.reusedSocket && error.code === 'ECONNRESET' && !this.#isLate) send();
          else reject(error);
        });
        this.#sent = sent;
        sent.end(this.#body);
      };
      send();
    });
    // Who reads it hears of it; it may fail when nobody does.
    this.#answer.on('error', () => {});
    return this.#answer;
  }

  /** Nothing more is read of it. One that has come whole leaves its connection to the next: it must not be ended then. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#answer?.complete) this.#answer.resume();
    else this.#sent?.destroy();
  }
}
