import { CombinedFormat } from './combined.js';
import { JsonFormat } from './json.js';
import { FORWARDED_FOR, type LineFormat, type LineOutcome, LineRefusal, type RequestFields } from './line-format.js';
import { compileLogFormat } from './log-format.js';
import { LtsvFormat } from './ltsv.js';
import { UnwrappingFormat } from './wrappers.js';

/** A format, and what whoever chose it should know of it. */
export interface ChosenFormat {
  readonly format: LineFormat;
  readonly warnings: readonly string[];
}

export interface FormatOptions {
  /** The variable, such as `http_x_forwarded_for`, that says for whom a proxy asks. */
  readonly forwarded?: string;
}

/** The formats that have a name. */
const FORMATS: Readonly<Record<string, (forwarded: string) => LineFormat>> = {
  auto: (forwarded) => new AutoFormat(forwarded),
  combined: () => new CombinedFormat(),
  common: () => new CombinedFormat(),
  json: (forwarded) => new JsonFormat({ forwarded }),
  ltsv: (forwarded) => new LtsvFormat(forwarded),
};

export const FORMAT_NAMES = Object.keys(FORMATS);

/**
 * The format of a name, or the one that an NGINX `log_format` says.
 *
 * @throws ProducerError LOG_FORMAT when there is none, or it cannot give a client or a host, and a time
 */
export function chosenFormat(name: string, { forwarded = FORWARDED_FOR }: FormatOptions = {}): ChosenFormat {
  const known = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (known !== undefined) return { format: new UnwrappingFormat(known(forwarded)), warnings: [] };
  const { format, warnings } = compileLogFormat(name, { forwarded, names: FORMAT_NAMES, keepsDetails: true });
  return { format: new UnwrappingFormat(format), warnings };
}

/** Takes each line for what it looks like. */
class AutoFormat implements LineFormat {
  readonly #json: JsonFormat;
  readonly #ltsv: LtsvFormat;
  readonly #combined = new CombinedFormat();

  constructor(forwarded: string) {
    this.#ltsv = new LtsvFormat(forwarded);
    this.#json = new JsonFormat({ forwarded, messages: new UnwrappingFormat(this) });
  }

  read(line: string): LineOutcome {
    return line.charCodeAt(0) === 123 || line.trimStart().startsWith('{') ? this.#json.read(line) : this.#text(line);
  }

  #text(line: string): RequestFields | LineRefusal {
    const combined = this.#combined.read(line);
    if (!(combined instanceof LineRefusal) || !line.includes('\t')) return combined;
    const labeled = this.#ltsv.read(line);
    return labeled instanceof LineRefusal ? combined : labeled;
  }
}
