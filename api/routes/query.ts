import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { LakeError } from '../../lake/lake-error.js';
import { catalogOf } from '../../lake/query/catalog.js';
import { runQuery } from '../../lake/query/run-query.js';
import { Problem } from '../problems.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';
import { queryExport } from './query-export.js';
import { asRunning, endQuery, problemOf } from './running-queries.js';

const MAX_ROWS = 10_000;
const WITHIN = { timeoutMs: 30_000, memoryLimitBytes: 512 * 2 ** 20 };

export const query: Resource = {
  name: 'query',
  description: 'SQL over the lake: what is stored of all lines and results.',
  routes: [
    route({
      method: 'post',
      path: '/query',
      summary: 'Run one SELECT',
      description:
        'It runs in a process of its own that can read the table and nothing else, and ends when the caller goes, after 30 s, or by `DELETE /query/{id}`. Tables are `logs` (all) and one for each kind, such as `service` and `access`.',
      role: 'viewer',
      limit: 'heavy',
      body: z.object({
        sql: z.string().min(1).max(50_000),
        id: z.uuid().optional().meta({ description: 'To cancel it by; made up where there is none.' }),
        max_rows: z.number().int().min(1).max(MAX_ROWS).default(1_000),
      }),
      problems: [404, 409, 422, 503],
      answer: z.object({
        id: z.string(),
        columns: z.array(z.object({ name: z.string(), type: z.string().meta({ description: "DuckDB's." }) })),
        rows: z.array(z.array(z.unknown())).meta({
          description: 'Values as JSON has them; numbers that it cannot hold, and times, as texts.',
        }),
        truncated: z.boolean().meta({ description: 'Whether there were more rows.' }),
        ms: z.number(),
      }),
      async handle({ body, signal, visitor }, services) {
        const { lakeDirectory } = services;
        if (lakeDirectory === undefined) throw new Problem(404, 'no-lake', 'There is no lake here.');
        const { id = randomUUID(), max_rows: maxRows, sql } = body;
        const startedAt = performance.now();
        const result = await asRunning({ id, signal, visitor }, (either) =>
          runQuery(lakeDirectory, sql, { ...WITHIN, maxRows, signal: either }),
        );
        return {
          id,
          columns: result.names.map((name, index) => ({ name, type: result.types[index] ?? '' })),
          rows: result.rows.map((row) => [...row]),
          truncated: result.isCut,
          ms: performance.now() - startedAt,
        };
      },
    }),
    queryExport,
    route({
      method: 'get',
      path: '/query/tables',
      summary: 'What queries can read: tables and their columns',
      role: 'viewer',
      problems: [404, 503],
      answer: z.object({
        items: z.array(
          z.object({
            name: z.string(),
            rows: z.int().nullable().meta({ description: 'Null where that is not known without reading it.' }),
            files: z.int(),
            last_hour: z
              .string()
              .nullable()
              .meta({ description: 'The last hour that is stored, such as 2026-11-27 14, UTC.' }),
            columns: z.array(z.object({ name: z.string(), type: z.string().meta({ description: "DuckDB's." }) })),
          }),
        ),
      }),
      async handle(_call, { lakeDirectory }) {
        if (lakeDirectory === undefined) throw new Problem(404, 'no-lake', 'There is no lake here.');
        try {
          const tables = await catalogOf(lakeDirectory);
          return {
            items: tables.map(({ columns, files, lastHour, name, rows }) => ({
              ...{ name, files, rows: rows ?? null, last_hour: lastHour ?? null },
              columns: [...columns],
            })),
          };
        } catch (error) {
          throw error instanceof LakeError ? problemOf(error) : error;
        }
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/query/{id}',
      summary: 'End a query that runs; the own ones, or as admin any',
      role: 'viewer',
      params: idParams,
      problems: [404],
      handle: ({ params: { id }, visitor }) => endQuery(id, visitor),
    }),
  ],
};
