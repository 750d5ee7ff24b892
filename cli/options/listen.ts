import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LineReading } from '../../app/ingestion/line-reading.js';
import type { ReceiveLimits } from '../../app/ingestion/receive-http.js';
import { byteSize, type LineReadingOptions, wholeNumber } from './options.js';
import { lineReadingOf } from './source.js';

export interface ListenOptions {
  readonly listen?: boolean;
  readonly listenBytes?: number;
  readonly listenLines?: number;
}

/** What a server is told of the events that it takes. */
export interface Receiving {
  readonly receives?: LineReading;
  readonly receiveLimits?: ReceiveLimits;
}

/** `--listen`, and how much is taken. */
export function addListen(command: Command): Command {
  return command
    .option('--listen', "receive events over HTTP: OTLP, Elasticsearch's _bulk, and log lines (docs/sources.md)")
    .addOption(
      new Option(
        '--listen-bytes <size>',
        'with --listen: most bytes per second; further requests are answered with status 429 until the average holds',
      ).argParser(someBytes),
    )
    .option('--listen-lines <number>', 'with --listen: most lines per second, likewise', wholeNumber(1));
}

/** Nothing without `--listen`. @throws UsageError */
export function receivingOf(options: ListenOptions & LineReadingOptions): Receiving {
  const { listen = false, listenBytes: bytes, listenLines: lines } = options;
  return listen ? { receives: lineReadingOf(options), receiveLimits: { bytes, lines } } : {};
}

function someBytes(text: string): number {
  const bytes = byteSize(text);
  if (bytes === 0) throw new InvalidArgumentError('It must be more than 0.');
  return bytes;
}
