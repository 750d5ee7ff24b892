import { CombinedFormat } from './combined.js';
import { CsvFormat } from './csv.js';
import { EnvoyFormat } from './envoy.js';
import { ErrorLogFormat } from './error-log.js';
import { GraphiteFormat } from './graphite.js';
import { HaproxyFormat } from './haproxy.js';
import { isBehind, isList, isListBracket, JsonFormat, jsonObject } from './json.js';
import { withoutColours } from './levels.js';
import {
  Continuation,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  ServiceFields,
  type SpreadLines,
  says,
  UNFINISHED,
} from './line-format.js';
import { LineProtocolFormat } from './line-protocol.js';
import { LoadBalancerFormat } from './load-balancer.js';
import { LogfmtFormat } from './logfmt.js';
import { LtsvFormat } from './ltsv.js';
import { PartialLines } from './partial-lines.js';
import { PhpFpmFormat } from './php-fpm.js';
import { PostgresCsvFormat } from './postgres-csv.js';
import { RailsFormat } from './rails.js';
import { S3AccessFormat } from './s3-access.js';
import { SecurityEventFormat } from './security-events.js';
import { SlowQueryFormat } from './slow-queries.js';
import { SquidFormat } from './squid.js';
import { beginsFailure, isTrace, TextLogFormat } from './text-log.js';
import { TimelessFormat } from './timeless.js';
import { W3cFormat } from './w3c.js';
import { completed, dockerLine, unwrapped, type Wrapped, wrappedService } from './wrappers.js';
import { ZapConsoleFormat } from './zap-console.js';
import { ZeekFormat } from './zeek.js';

const OPEN_BRACE = 123;
const DEEPEST = 3;
/** After so many lines it is said what they are taken for; and again when so many in a row are of another kind. */
const DECIDES_AFTER = 20;

export interface AutoOptions {
  readonly forwarded: string;
  /** Whether what no result is made of is wanted, too. */
  readonly keepsDetails?: boolean | undefined;
  /** Told what the lines of a text are taken for, once of texts of one kind, and when that changes. */
  readonly onDecision?: ((message: string) => void) | undefined;
}

interface Member {
  readonly name: string;
  readonly format: LineFormat;
  /** Whether it can be asked first: nothing that is of another format fits. */
  readonly isSure: boolean;
  /** It has columns. */
  readonly isTable: boolean;
}

const TEXT = 'a text log';
const SLOW_QUERIES = "MySQL's log of slow queries";
const RAILS = "Rails' log";
const ZAP = "zap's console";
const TIMELESS = 'a text log without times';
const ZEEK = "Zeek's log";
const W3C = "the W3C's extended format";
/** Whose messages may go on in lines that have no beginning of their own. */
const OPEN: ReadonlySet<string> = new Set([TEXT, SLOW_QUERIES, RAILS, ZAP]);
const BALANCER = "an AWS load balancer's log";
const CSV = 'CSV';
const WRAPPED_TEXT = 'plain text in a wrapper';
const LINE_PROTOCOL = 'the line protocol';

/**
 * Takes each line for what it looks like. What fitted last is tried first; so a log of one format costs no more than
 * that, and one of several is read all the same.
 */
export class AutoFormat implements LineFormat {
  readonly #options: AutoOptions;
  readonly #name: string | undefined;
  readonly #json: JsonFormat;
  readonly #combined: CombinedFormat;
  readonly #others: readonly Member[];
  readonly #balancers = new LoadBalancerFormat();
  readonly #errorLog = new ErrorLogFormat();
  readonly #csv: CsvFormat;
  readonly #slowQueries = new SlowQueryFormat();
  readonly #parts = new PartialLines();
  #last: Member | undefined;
  /** The last record was a service's, in text. */
  #isOpen = false;
  /** The last line in a wrapper had no time of its own. */
  #isBare = false;
  /** The last line was in a wrapper that is tried when nothing else fits. */
  #isLoose = false;
  #hasRequests = false;
  #kind = '';
  readonly #tally = new Map<string, number>();
  #seen = 0;
  #decided = '';
  readonly #told: Set<string>;
  #strays = 0;
  #depth = 0;

  /** @param told what the lines of other texts have been taken for: many files of one kind are told of once */
  constructor(options: AutoOptions, head = '', name?: string, told = new Set<string>()) {
    const { forwarded } = options;
    this.#options = options;
    this.#name = name;
    this.#told = told;
    this.#combined = new CombinedFormat(options.keepsDetails);
    const inner: LineFormat = { read: (line) => this.#inside(line) };
    this.#json = new JsonFormat({ forwarded, messages: inner });
    this.#csv = new CsvFormat(this.#json).forText(head);
    const own: readonly LineFormat[] = [this.#errorLog, this.#csv, this.#slowQueries];
    const member = (memberName: string, format: LineFormat, isSure: boolean): Member => ({
      ...{ name: memberName, isSure, isTable: memberName === W3C || memberName === CSV || memberName === ZEEK },
      format: own.includes(format) ? format : (format.forText?.(head) ?? format),
    });
    const csv = member(CSV, this.#csv, false);
    const postgres = member("PostgreSQL's log in CSV", new PostgresCsvFormat(this.#json), true);
    if (this.#csv.hasHeader) this.#last = csv;
    else if (postgres.format.spread !== undefined) this.#last = postgres;
    this.#others = [
      postgres,
      member(SLOW_QUERIES, this.#slowQueries, true),
      member(RAILS, new RailsFormat(), true),
      member('LTSV', new LtsvFormat(forwarded), true),
      member("an error log of NGINX's or Apache's", this.#errorLog, true),
      member(BALANCER, this.#balancers, true),
      member("HAProxy's log", new HaproxyFormat(), true),
      member("Envoy's access log", new EnvoyFormat(), true),
      member("Squid's access log", new SquidFormat(), true),
      member("S3's access log", new S3AccessFormat(), true),
      member("PHP-FPM's access log", new PhpFpmFormat(), true),
      member(ZAP, new ZapConsoleFormat(this.#json), true),
      member('CEF or LEEF', new SecurityEventFormat(), true),
      member(ZEEK, new ZeekFormat(this.#json), true),
      member(W3C, new W3cFormat(), false),
      member(TEXT, new TextLogFormat(), false),
      member('logfmt', new LogfmtFormat(this.#json), true),
      member(TIMELESS, new TimelessFormat(), false),
      member(LINE_PROTOCOL, new LineProtocolFormat(), false),
      member("Graphite's plaintext", new GraphiteFormat(), false),
      csv,
    ];
  }

  forText(head: string, name?: string): LineFormat {
    return new AutoFormat(this.#options, head, name, this.#told);
  }

  get spread(): SpreadLines | undefined {
    return this.#last?.format.spread;
  }

  read(line: string): LineOutcome {
    const outcome = this.#read(withoutColours(line));
    if (this.#options.onDecision !== undefined) this.#count(outcome);
    return outcome;
  }

  #read(line: string): LineOutcome {
    // Who breaks a line of an error log decides how the next one looks. Where requests are in the same text, it may be one.
    if (!this.#hasRequests && this.#errorLog.goesOn(line)) return new Continuation(line);
    if (this.#slowQueries.goesOn(line)) return this.#slowQueries.read(line);
    if (line.charCodeAt(0) === OPEN_BRACE || line.trimStart().startsWith('{')) return this.#object(line);
    if (isBehind(line) && !isList(line)) return this.#object(line);
    const combined = this.#combined.read(line);
    if (!(combined instanceof LineRefusal)) {
      this.#isOpen = false;
      this.#hasRequests = true;
      this.#kind = 'a combined access log';
      return combined;
    }
    const last = this.#last;
    if (last?.isSure) {
      const outcome = this.#try(last, line);
      if (outcome !== undefined) return outcome;
    }
    // It begins as syslog's header does: the time, and a name.
    const balanced = last?.format === this.#balancers ? undefined : this.#balancers.readClassic(line);
    if (balanced !== undefined) {
      this.#isOpen = false;
      this.#kind = BALANCER;
      return balanced;
    }
    const wrapped = unwrapped(line, true);
    if (wrapped !== undefined) return this.#unwrap(wrapped);
    const next = this.#isLoose && this.#depth === 0 ? unwrapped(line) : undefined;
    if (next !== undefined) {
      const inside = this.#inside(next.line);
      if (!(inside instanceof LineRefusal)) return completed(inside, next);
    }
    if (last !== undefined && !last.isSure) {
      const outcome = this.#try(last, line);
      if (outcome !== undefined) return outcome;
    }
    for (const member of this.#others) {
      // Under a header, what does not fit it is a line that broke off, and not one of another format.
      if (member === last || (last?.isTable && member.name === TEXT)) continue;
      // `#0 /app/cart.php(7): add()` is of a trace, and no comment.
      if (this.#isOpen && member.name === LINE_PROTOCOL && line.startsWith('#')) continue;
      const outcome = this.#try(member, line);
      if (outcome === undefined) continue;
      this.#last = member;
      return outcome;
    }
    // Only a text has lines without a beginning of their own.
    if (this.#isOpen || isTrace(line)) return new Continuation(line);
    if (isListBracket(line)) return NO_RECORD;
    const list = isList(line) ? jsonObject(line) : undefined;
    if (list instanceof LineRefusal) return list;
    const loose = this.#depth === 0 ? unwrapped(line) : undefined;
    const inside = loose === undefined ? combined : this.#inside(loose.line);
    if (loose === undefined || inside instanceof LineRefusal) {
      return last?.format === this.#csv ? this.#csv.read(line) : combined;
    }
    this.#isLoose = true;
    return completed(inside, loose);
  }

  /** Undefined where the line is none of it. */
  #try({ format, name }: Member, line: string): LineOutcome | undefined {
    const outcome = format.read(line);
    if (outcome instanceof LineRefusal || outcome instanceof Continuation) return undefined;
    if (!OPEN.has(name) && this.#isMore(outcome)) return undefined;
    if (outcome !== NO_RECORD) this.#isOpen = outcome instanceof ServiceFields && OPEN.has(name);
    this.#kind = name;
    return outcome;
  }

  #object(line: string): LineOutcome {
    const object = jsonObject(line);
    if (object instanceof LineRefusal) return this.#isOpen ? new Continuation(line) : object;
    this.#kind = 'JSON';
    const docker = dockerLine(object);
    if (docker !== undefined) return this.#unwrap(docker);
    const outcome = this.#json.readObject(object);
    if (this.#isMore(outcome)) return new Continuation(line);
    this.#isOpen = false;
    return outcome;
  }

  /** What says no time of its own within a text is what the message before it shows. */
  #isMore(outcome: LineOutcome): boolean {
    if (!this.#isOpen || this.#depth > 0 || typeof outcome !== 'object' || !('time' in outcome)) return false;
    return !says(outcome.time);
  }

  /** What a container, syslog or a shipper wrote down: by its own words or, where it says nothing of itself, by theirs. */
  #unwrap(wrapped: Wrapped): LineOutcome {
    const whole = this.#parts.join(wrapped.stream ?? '', wrapped.line, wrapped.isPart ?? false);
    if (whole === undefined) return UNFINISHED;
    if (whole.trim() === '') return this.#isOpen ? new Continuation('') : NO_RECORD;
    const inside = this.#inside(whole);
    if (!(inside instanceof LineRefusal)) {
      // Where lines have no times of their own, what is no trace begins a message.
      if (!(inside instanceof Continuation) || !this.#isBare || (isTrace(whole) && !beginsFailure(whole))) {
        if (!(inside instanceof Continuation)) this.#isBare = false;
        return completed(inside, wrapped);
      }
    }
    this.#isBare = true;
    this.#isOpen = true;
    this.#kind = WRAPPED_TEXT;
    return wrappedService({ ...wrapped, line: whole });
  }

  #inside(line: string): LineOutcome {
    if (this.#depth >= DEEPEST) return new LineRefusal('nested-too-deep', 'lines within lines within lines');
    this.#depth++;
    try {
      return this.#read(line);
    } finally {
      this.#depth--;
    }
  }

  #count(outcome: LineOutcome): void {
    if (outcome instanceof LineRefusal || outcome === NO_RECORD || outcome instanceof Continuation) {
      this.#seen++;
      return;
    }
    if (outcome === UNFINISHED) return;
    const kind = this.#kind;
    if (this.#decided !== '') {
      this.#strays = kind === this.#decided ? 0 : this.#strays + 1;
      if (this.#strays < DECIDES_AFTER) return;
      this.#decided = kind;
      this.#strays = 0;
      this.#tell(`the lines are ${kind} from here on`);
      return;
    }
    this.#seen++;
    this.#tally.set(kind, (this.#tally.get(kind) ?? 0) + 1);
    if (this.#seen < DECIDES_AFTER) return;
    const [best, next] = [...this.#tally].sort(([, one], [, other]) => other - one);
    if (best === undefined) return;
    this.#decided = best[0];
    if (next === undefined && this.#told.has(best[0])) return;
    this.#told.add(best[0]);
    const others = next === undefined ? '' : `, ${next[1]} are ${next[0]}`;
    this.#tell(`taken for ${best[0]}, as ${best[1]} of the first ${this.#seen} lines are${others}`);
  }

  #tell(message: string): void {
    this.#options.onDecision?.(
      `${this.#name === undefined || this.#name === '-' ? 'standard input' : this.#name}: ${message}`,
    );
  }
}
