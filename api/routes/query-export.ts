import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { runQueryIntoFile } from '../../lake/query/run-query.js';
import { Problem } from '../problems.js';
import { type Route, writingRoute } from '../route.js';
import { FILE_TYPES, inTemporaryDirectory, nameFile, sendFile } from '../written-file.js';
import { asRunning } from './running-queries.js';

const MAX_ROWS = 1_000_000;
const MAX_BYTES = 256 * 2 ** 20;
const WITHIN = { timeoutMs: 120_000, memoryLimitBytes: 512 * 2 ** 20 };

export const queryExport: Route = writingRoute({
  method: 'post',
  path: '/query/export',
  summary: 'Run one SELECT, with all its rows as a file',
  description:
    'It is run as by `POST /query`, with 120 s, and ended by the same `DELETE /query/{id}`. A result of more than `max_rows` rows or 256 MiB is refused, for a file does not say that it ends early. Parquet keeps the types of columns; sums of whole numbers are decimals of 38 digits there. In CSV a text that a spreadsheet would take for a formula stands behind an apostrophe.',
  role: 'viewer',
  limit: 'heavy',
  body: z.object({
    sql: z.string().min(1).max(50_000),
    format: z.enum(['parquet', 'csv', 'ndjson']).default('parquet'),
    id: z.uuid().optional().meta({ description: 'To cancel it by; made up where there is none.' }),
    max_rows: z.number().int().min(1).max(MAX_ROWS).default(MAX_ROWS),
  }),
  problems: [404, 409, 422, 503],
  writes: {
    contentTypes: [FILE_TYPES.parquet, FILE_TYPES.csv, FILE_TYPES.ndjson],
    description: 'The rows: as Parquet, as CSV with a head, or as a line of JSON each.',
  },
  async handle({ body, response, signal, visitor }, services) {
    const { lakeDirectory } = services;
    if (lakeDirectory === undefined) throw new Problem(404, 'no-lake', 'There is no lake here.');
    const { format, id = randomUUID(), max_rows: maxRows, sql } = body;
    await inTemporaryDirectory(async (directory) => {
      const file = { path: join(directory, `result.${format}`), format, maxBytes: MAX_BYTES };
      const rows = await asRunning({ id, signal, visitor }, (either) =>
        runQueryIntoFile(lakeDirectory, sql, file, { ...WITHIN, maxRows, signal: either }),
      );
      nameFile(response, 'result', format);
      services.audit(visitor, 'query.export', { format, rows });
      await sendFile(response, file.path, signal);
    });
  },
});
