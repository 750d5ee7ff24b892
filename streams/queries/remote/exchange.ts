import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** A request over HTTP, or HTTPS, and its answer, which is over when it was read, is let go, or is late. */
export class Exchange {
  readonly #url: string;
  readonly #body: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #ca: string | Buffer | undefined;
  #sent: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;

  /** @param ca of the authorities that a certificate may be of; default those that Node knows */
  constructor(url: string, body: string, headers: Readonly<Record<string, string>>, ca?: string | Buffer) {
    this.#url = url;
    this.#body = body;
    this.#headers = headers;
    this.#ca = ca;
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
        const options = { method: 'POST', headers: this.#headers };
        const sent = this.#url.startsWith('https:')
          ? httpsRequest(this.#url, { ...options, ca: this.#ca }, resolve)
          : httpRequest(this.#url, options, resolve);
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
