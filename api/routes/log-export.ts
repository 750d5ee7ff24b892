import { once } from 'node:events';
import type { Response } from 'express';
import { z } from 'zod';
import { lineOf } from '../live/live-results.js';
import { rangeOf } from '../parameters.js';
import { Problem } from '../problems.js';
import { type Route, writingRoute } from '../route.js';
import { csvHead, csvLine } from '../search/line-text.js';
import { findLines } from '../search/lines.js';
import { logFilter } from '../search/log-filter.js';
import type { LinePosition } from '../search/stored-lines.js';

/** Of a server at a time. */
const MAX_RUNNING = 2;
const MAX_LINES = 1_000_000;
/** Of a question to what is stored. */
const PAGE = 20_000;
/** What is written at once. */
const CHUNK = 500;

let running = 0;

const FORMATS = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;

export const logExport: Route = writingRoute({
  method: 'get',
  path: '/logs/export',
  summary: 'All lines that fit, the newest first, as a file',
  description:
    'It is written as it is found. When it is broken off the connection is closed before the end of the answer. In CSV a text that a spreadsheet would take for a formula stands behind an apostrophe.',
  role: 'viewer',
  limit: 'heavy',
  query: logFilter.extend({
    format: z.enum(['ndjson', 'csv']).default('ndjson'),
    limit: z.coerce.number().int().min(1).max(MAX_LINES).default(100_000),
  }),
  problems: [503],
  writes: {
    contentTypes: Object.values(FORMATS),
    description: 'A line each: JSON as `/logs` has it, or CSV with a head.',
  },
  async handle({ query, response, signal, visitor }, services) {
    if (running >= MAX_RUNNING) {
      throw new Problem(503, 'too-many-exports', `${MAX_RUNNING} exports run already; try later.`, {
        retryAfterSeconds: 10,
      });
    }
    running++;
    try {
      const { format, limit, q, source } = query;
      const range = rangeOf(query, services.live.latestTime);
      const textOf = (line: Readonly<Record<string, unknown>>) =>
        format === 'csv' ? csvLine(source, line) : `${JSON.stringify(line)}\n`;
      let after: LinePosition | undefined;
      let written = 0;
      while (written < limit) {
        const page = Math.min(PAGE, limit - written);
        const { records } = await findLines(services, { source, q, range, after, limit: page, signal });
        // What cannot be found is told as a problem as long as nothing is written.
        if (!response.headersSent) begin(response, format, source);
        const shown = records.slice(0, page);
        for (let at = 0; at < shown.length; at += CHUNK) {
          const text = shown.slice(at, at + CHUNK).map((record) => textOf(lineOf(record, source)));
          await write(response, text.join(''), signal);
        }
        written += shown.length;
        after = shown.at(-1);
        if (records.length <= page) break;
      }
      response.end();
      services.audit(visitor, 'logs.export', { source, q, lines: written });
    } catch (error) {
      if (!response.headersSent) throw error;
      // A file that ends early is not to look whole.
      if (!signal.aborted) services.logger.error({ err: error }, 'an export was broken off');
      response.destroy();
    } finally {
      running--;
    }
  },
});

function begin(response: Response, format: keyof typeof FORMATS, source: string): void {
  const name = `millrace-${source}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${format}`;
  response.status(200).set({
    'Content-Type': `${FORMATS[format]}; charset=utf-8`,
    'Content-Disposition': `attachment; filename="${name}"`,
  });
  if (format === 'csv') response.write(csvHead(source));
  else response.flushHeaders();
}

async function write(response: Response, text: string, signal: AbortSignal): Promise<void> {
  if (!response.write(text)) await once(response, 'drain', { signal });
  signal.throwIfAborted();
}
