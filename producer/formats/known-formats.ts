import { ProducerError } from '../producer-error.js';
import { isApacheFormat, nginxFormatOf } from './apache-format.js';
import { AutoFormat } from './auto.js';
import { CombinedFormat } from './combined.js';
import { CsvFormat } from './csv.js';
import { EnvoyFormat } from './envoy.js';
import { ErrorLogFormat } from './error-log.js';
import { GraphiteFormat } from './graphite.js';
import { HaproxyFormat } from './haproxy.js';
import { JsonFormat } from './json.js';
import { FORWARDED_FOR, type LineFormat, type LineOutcome, LineRefusal } from './line-format.js';
import { LineProtocolFormat } from './line-protocol.js';
import { LoadBalancerFormat } from './load-balancer.js';
import { compileLogFormat } from './log-format.js';
import { LogfmtFormat } from './logfmt.js';
import { LtsvFormat } from './ltsv.js';
import { fieldMap, MappedFormat } from './mapped.js';
import { S3AccessFormat } from './s3-access.js';
import { configuredFormats } from './server-configuration.js';
import { SquidFormat } from './squid.js';
import { TextLogFormat } from './text-log.js';
import { W3cFormat } from './w3c.js';
import { UnwrappingFormat } from './wrappers.js';
import { ZeekFormat } from './zeek.js';

/** A format, and what whoever chose it should know of it. */
export interface ChosenFormat {
  readonly format: LineFormat;
  readonly warnings: readonly string[];
}

export interface FormatOptions {
  /** The variable, such as `http_x_forwarded_for`, that says for whom a proxy asks. */
  readonly forwarded?: string | undefined;
  /** Whether what no result is made of is wanted, too: the user agent and the like. */
  readonly keepsDetails?: boolean | undefined;
  /** Which member of a line is which field, where its name does not say so: `time=ts,message=msg`. */
  readonly map?: string | undefined;
  /** Told what `auto` takes the lines of a text for. */
  readonly onDecision?: ((message: string) => void) | undefined;
}

type MakeFormat = (options: FormatOptions & { readonly forwarded: string }) => LineFormat;

const error: MakeFormat = () => new ErrorLogFormat();
const w3c: MakeFormat = () => new W3cFormat();
const combined: MakeFormat = ({ keepsDetails }) => new CombinedFormat(keepsDetails);
const loadBalancer: MakeFormat = () => new LoadBalancerFormat();

/** The formats that have a name. */
const FORMATS: Readonly<Record<string, MakeFormat>> = {
  auto: (options) => new AutoFormat(options),
  ...{ combined, common: combined, vhost_combined: combined },
  json: ({ forwarded, keepsDetails }) =>
    new JsonFormat({ forwarded, messages: new AutoFormat({ forwarded, keepsDetails }) }),
  logfmt: ({ forwarded }) => new LogfmtFormat(new JsonFormat({ forwarded })),
  ltsv: ({ forwarded }) => new LtsvFormat(forwarded),
  ...{ w3c, iis: w3c, cloudfront: w3c, alb: loadBalancer, 'nginx-error': error, 'apache-error': error },
  ...{
    haproxy: () => new HaproxyFormat(),
    squid: () => new SquidFormat(),
    s3: () => new S3AccessFormat(),
    envoy: () => new EnvoyFormat(),
  },
  text: () => new TextLogFormat(),
  zeek: ({ forwarded }) => new ZeekFormat(new JsonFormat({ forwarded })),
  csv: ({ forwarded }) => new CsvFormat(new JsonFormat({ forwarded })),
  'line-protocol': () => new LineProtocolFormat(),
  graphite: () => new GraphiteFormat(),
};

export const FORMAT_NAMES = Object.keys(FORMATS);

/**
 * The format of a name, or the one that NGINX's `log_format` or Apache's `LogFormat` says: as it is, or with `@` and a
 * path as it stands in the server's configuration, and behind `:` its name there.
 *
 * @throws ProducerError LOG_FORMAT when there is none, or it cannot give a client or a host, and a time; MAP
 */
export function chosenFormat(name: string, options: FormatOptions = {}): ChosenFormat {
  const { forwarded = FORWARDED_FOR, keepsDetails = false, map } = options;
  if (map !== undefined) {
    const mapped = new MappedFormat(fieldMap(map), forwarded);
    return { format: new UnwrappingFormat(mapped), warnings: [] };
  }
  const known = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (name === 'auto' && known !== undefined) return { format: known({ ...options, forwarded }), warnings: [] };
  if (known !== undefined) return { format: new UnwrappingFormat(known({ ...options, forwarded })), warnings: [] };
  const rest = { forwarded, keepsDetails };
  const { format, warnings } = name.startsWith('@') ? configured(name.slice(1), rest) : compiled(name, rest);
  return { format: new UnwrappingFormat(format), warnings };
}

/** What a format is made with. */
interface Made {
  readonly forwarded: string;
  readonly keepsDetails: boolean;
}

function compiled(text: string, made: Made): ChosenFormat {
  const format = isApacheFormat(text) ? nginxFormatOf(text) : text;
  return compileLogFormat(format, { ...made, names: FORMAT_NAMES });
}

/** All formats that logs are written with or, where none is, that are defined; the one with the most variables first. */
function configured(place: string, options: Made): ChosenFormat {
  const [, path = place, wanted] = /^(.+?)(?::([\w.-]+))?$/.exec(place) ?? [];
  const formats = configuredFormats(path);
  const named = wanted === undefined ? formats : formats.filter(({ name }) => name === wanted);
  if (named.length === 0) {
    const names = formats.map(({ name }) => name).join(', ');
    throw new ProducerError('LOG_FORMAT', `${path} defines no log format ${wanted}; it defines ${names}`);
  }
  const used = named.filter(({ isUsed }) => isUsed);
  const usable: LineFormat[] = [];
  const warnings: string[] = [];
  let problem: unknown;
  const chosen = [...(used.length > 0 ? used : named)].sort((one, other) => variables(other) - variables(one));
  for (const { directive, name } of chosen) {
    try {
      const made = compiled(directive, options);
      usable.push(made.format);
      for (const warning of made.warnings) warnings.push(`${name}: ${warning}`);
    } catch (cause) {
      problem ??= cause;
      if (named.length > 1) warnings.push(`${name} of ${path} is left out: ${(cause as Error).message}`);
    }
  }
  if (usable.length === 0) throw problem;
  return { format: new AnyOf([...usable, new CombinedFormat(options.keepsDetails)]), warnings };
}

function variables({ directive }: { readonly directive: string }): number {
  return directive.split(/[$%]/).length;
}

/** Lines of the first of some formats that they fit. */
class AnyOf implements LineFormat {
  readonly #formats: readonly LineFormat[];

  constructor(formats: readonly LineFormat[]) {
    this.#formats = formats;
  }

  read(line: string): LineOutcome {
    let first: LineOutcome | undefined;
    for (const format of this.#formats) {
      const outcome = format.read(line);
      if (!(outcome instanceof LineRefusal)) return outcome;
      first ??= outcome;
    }
    return first ?? new LineRefusal('not-in-format', 'there is no format');
  }
}
