import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { z } from 'zod';
import { LakeError } from '../../lake/lake-error.js';
import { writeParquet } from '../../lake/lines/parquet-lines.js';
import type { LiveRecord } from '../live/live-record.js';
import { lineOf } from '../live/live-results.js';
import { rangeOf } from '../parameters.js';
import { Problem } from '../problems.js';
import { type Route, writingRoute } from '../route.js';
import { csvHead, csvLine } from '../search/line-text.js';
import { findLines } from '../search/lines.js';
import { logFilter } from '../search/log-filter.js';
import type { LinePosition } from '../search/stored-lines.js';
import { typedLinesOf } from '../search/typed-lines.js';
import type { Services } from '../services.js';
import { FILE_TYPES, inTemporaryDirectory, nameFile, sendFile } from '../written-file.js';
import { problemOf } from './running-queries.js';

/** Of a server at a time. */
const MAX_RUNNING = 2;
const MAX_LINES = 1_000_000;
/** Of a question to what is stored. */
const PAGE = 20_000;
/** What is written at once. */
const CHUNK = 500;
/** Of the text that a Parquet file is made of. */
const MAX_TEXT_CHARACTERS = 2 ** 30;
const MEMORY_BYTES = 512 * 2 ** 20;
const WITHIN_MS = 120_000;

let running = 0;

const exported = logFilter.extend({
  format: z.enum(['ndjson', 'csv', 'parquet']).default('ndjson'),
  limit: z.coerce.number().int().min(1).max(MAX_LINES).default(100_000),
});
type Export = z.output<typeof exported>;

export const logExport: Route = writingRoute({
  method: 'get',
  path: '/logs/export',
  summary: 'All lines that fit, the newest first, as a file',
  description:
    'NDJSON and CSV are written as lines are found. When that is broken off the connection is closed before the end of the answer. In CSV a text that a spreadsheet would take for a formula stands behind an apostrophe. Parquet has a column of its type for each field, and is sent once it is whole.',
  role: 'viewer',
  limit: 'heavy',
  query: exported,
  problems: [422, 503],
  writes: {
    contentTypes: Object.values(FILE_TYPES),
    description: 'A line each: JSON as `/logs` has it, CSV with a head, or a row of Parquet.',
  },
  async handle({ query, response, signal, visitor }, services) {
    if (running >= MAX_RUNNING) {
      throw new Problem(503, 'too-many-exports', `${MAX_RUNNING} exports run already; try later.`, {
        retryAfterSeconds: 10,
      });
    }
    running++;
    try {
      const write = query.format === 'parquet' ? asParquet : asText;
      const lines = await write(response, query, signal, services);
      const { format, q, source } = query;
      services.audit(visitor, 'logs.export', { source, q, format, lines });
    } catch (error) {
      if (!response.headersSent) throw error instanceof LakeError ? problemOf(error) : error;
      // A file that ends early is not to look whole.
      if (!signal.aborted) services.logger.error({ err: error }, 'an export was broken off');
      response.destroy();
    } finally {
      running--;
    }
  },
});

/** @returns how many lines were written */
async function asText(response: Response, query: Export, signal: AbortSignal, services: Services): Promise<number> {
  const { format, source } = query;
  const found = new FoundLines(query, signal, services, (line) =>
    format === 'csv' ? csvLine(source, line) : `${JSON.stringify(line)}\n`,
  );
  for await (const text of found.texts()) {
    // What cannot be found is told as a problem as long as nothing is written.
    if (!response.headersSent) begin(response, query);
    if (!response.write(text)) await once(response, 'drain', { signal });
  }
  response.end();
  return found.lines;
}

function begin(response: Response, { format, source }: Export): void {
  nameFile(response, source, format);
  if (format === 'csv') response.write(csvHead(source));
  else response.flushHeaders();
}

/** @returns how many lines were written */
async function asParquet(response: Response, query: Export, signal: AbortSignal, services: Services): Promise<number> {
  const { columns, textOf } = typedLinesOf(query.source);
  const found = new FoundLines(query, signal, services, textOf);
  await inTemporaryDirectory(async (directory) => {
    const from = join(directory, 'lines.ndjson');
    const to = join(directory, 'lines.parquet');
    await pipeline(() => found.texts(MAX_TEXT_CHARACTERS), createWriteStream(from), { signal });
    await writeParquet({ from, to, columns, memoryLimitBytes: MEMORY_BYTES }, { signal, timeoutMs: WITHIN_MS });
    nameFile(response, query.source, 'parquet');
    await sendFile(response, to, signal);
  });
  return found.lines;
}

type Line = Readonly<Record<string, unknown>>;

/** Lines that fit, the newest first, as text. */
class FoundLines {
  /** How many of them there were so far. */
  lines = 0;
  readonly #query: Export;
  readonly #signal: AbortSignal;
  readonly #services: Services;
  readonly #textOf: (line: Line) => string;

  constructor(query: Export, signal: AbortSignal, services: Services, textOf: (line: Line) => string) {
    this.#query = query;
    this.#signal = signal;
    this.#services = services;
    this.#textOf = textOf;
  }

  /** Some lines at a time; at first none, once it is known that there is an answer. */
  async *texts(mostCharacters = Number.POSITIVE_INFINITY): AsyncGenerator<string> {
    let characters = 0;
    for await (const records of this.#pages()) {
      yield '';
      for (let at = 0; at < records.length; at += CHUNK) {
        const some = records.slice(at, at + CHUNK);
        const text = some.map((record) => this.#textOf(lineOf(record, this.#query.source))).join('');
        characters += text.length;
        if (characters > mostCharacters) {
          const most = `${mostCharacters / 2 ** 30} Gi characters`;
          throw new Problem(422, 'export-limit', `The lines are longer than ${most} together; ask for fewer.`);
        }
        this.#signal.throwIfAborted();
        yield text;
        this.lines += some.length;
      }
    }
  }

  async *#pages(): AsyncGenerator<readonly LiveRecord[]> {
    const { limit, q, source } = this.#query;
    const range = rangeOf(this.#query, this.#services.live.latestTime);
    let after: LinePosition | undefined;
    for (let left = limit; left > 0; ) {
      const page = Math.min(PAGE, left);
      const search = { source, q, range, after, limit: page, signal: this.#signal };
      const { records } = await findLines(this.#services, search);
      const shown = records.slice(0, page);
      yield shown;
      if (records.length <= page) return;
      left -= shown.length;
      after = shown.at(-1);
    }
  }
}
