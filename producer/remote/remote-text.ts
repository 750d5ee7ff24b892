import { Readable } from 'node:stream';
import { CompressionError, uncompressed } from '../decompress.js';
import { listedRecords } from '../listed-records.js';
import { ProducerError } from '../producer-error.js';
import { utf8Of } from '../utf16.js';
import { decoded } from './content-encoding.js';
import { answerError, type HttpAnswer, type HttpCall, httpAnswer } from './http-answer.js';
import { shownUrl } from './shown-url.js';

export interface RemoteTextOptions extends HttpCall {
  /** Of the text, decompressed; what stands behind is not read. */
  readonly mostBytes: number;
  /** How long it is read at most, in milliseconds. */
  readonly mostMs: number;
  readonly onWarning: (message: string) => void;
}

const NEWLINE = 0x0a;
const PAGE = /^\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b/is;
const TITLE = /<title[^>]*>([^<]{1,200})/i;
const NOTHING: Buffer = Buffer.alloc(0);

/** The text that a URL names: decompressed, in UTF-8, and no more of it than is wanted. */
export class RemoteText {
  readonly #answer: HttpAnswer;
  readonly #options: RemoteTextOptions;
  readonly #name: string;
  #isCut = false;

  private constructor(answer: HttpAnswer, options: RemoteTextOptions) {
    this.#answer = answer;
    this.#options = options;
    this.#name = shownUrl(options.url);
    if (answer.isRedirected) options.onWarning(`it redirects to ${answer.shownUrl}`);
  }

  /** @throws ProducerError SOURCE_UNREACHABLE, SOURCE_ANSWER */
  static async open(options: RemoteTextOptions): Promise<RemoteText> {
    return new RemoteText(await httpAnswer(options), options);
  }

  /** Whether there was more than was read. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Ends with a whole line where it was cut off. */
  stream(): Readable {
    return Readable.from(this.#text(), { objectMode: false });
  }

  /** @throws ProducerError SOURCE_ANSWER for what is no log, SOURCE_UNREACHABLE; CompressionError after all that could be read */
  async *#text(): AsyncGenerator<Buffer> {
    const { mostBytes, mostMs } = this.#options;
    const { body, contentEncoding } = this.#answer;
    const timer = setTimeout(() => this.#cut(), mostMs);
    let bytes = 0;
    let rest = NOTHING;
    try {
      for await (const piece of listedRecords(utf8Of(uncompressed(decoded(contentEncoding, body), mostBytes)))) {
        if (bytes === 0) this.#requireLog(piece);
        bytes += piece.length;
        const whole = piece.lastIndexOf(NEWLINE) + 1;
        if (whole > 0) yield Buffer.concat([rest, piece.subarray(0, whole)]);
        rest = whole > 0 ? piece.subarray(whole) : Buffer.concat([rest, piece]);
        if (bytes >= mostBytes) {
          this.#isCut = true;
          return;
        }
      }
      if (bytes === 0 && !this.#isCut) throw answerError(this.#name, 'answered with an empty body');
      if (!this.#isCut) yield rest;
    } catch (error) {
      if (this.#isCut || this.#options.signal.aborted) return;
      if (error instanceof ProducerError) throw error;
      if (error instanceof CompressionError) {
        yield rest;
        throw error;
      }
      const { message } = error as Error;
      const what = `the connection broke off after ${bytes} bytes of text: ${message}`;
      if (bytes === 0) throw new ProducerError('SOURCE_UNREACHABLE', `${this.#name}: ${what}`, { cause: error });
      this.#options.onWarning(what);
    } finally {
      clearTimeout(timer);
      if (bytes === 0 && this.#isCut) this.#options.onWarning(`nothing came within ${mostMs / 1000} s`);
      await this.#answer.close();
    }
  }

  #cut(): void {
    this.#isCut = true;
    void this.#answer.close();
  }

  #requireLog(head: Buffer): void {
    const text = head.toString();
    const isPage = PAGE.test(text) || (/html/.test(this.#answer.contentType) && /^\s*</.test(text));
    if (!isPage) return;
    const title = TITLE.exec(text)?.[1]?.trim().replace(/\s+/g, ' ');
    throw answerError(
      this.#answer.shownUrl,
      `answered with a page in HTML${title === undefined ? '' : `, “${title}”`}, not with a log: it may want credentials, or the URL of the text itself`,
    );
  }
}
