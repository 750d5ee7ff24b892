import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { LakeError } from '../../lake/lake-error.js';
import { catalogOf } from '../../lake/query/catalog.js';
import { runQuery } from '../../lake/query/run-query.js';
import { isAllowed, isSame, type Visitor } from '../auth/visitor.js';
import { notFound, Problem } from '../problems.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';

/** Of a server at a time. */
const MAX_RUNNING = 4;
/** Of one of those who ask: others shall have a turn, too. */
const MAX_OWN = 2;
const MAX_ROWS = 10_000;
const WITHIN_MS = 30_000;
const MEMORY_BYTES = 512 * 2 ** 20;

interface RunningQuery {
  readonly stop: AbortController;
  readonly by: Visitor;
}

const running = new Map<string, RunningQuery>();

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
        if (running.has(id)) throw new Problem(409, 'query-runs', `A query of the id ${id} runs already.`);
        if (running.size >= MAX_RUNNING) {
          throw new Problem(503, 'too-many-queries', `${MAX_RUNNING} queries run already; try again.`, {
            retryAfterSeconds: 2,
          });
        }
        const own = [...running.values()].filter(({ by }) => isSame(by, visitor)).length;
        if (own >= MAX_OWN && visitor.kind !== 'anybody') {
          throw new Problem(503, 'too-many-queries', `${MAX_OWN} queries of yours run already; try again.`, {
            retryAfterSeconds: 2,
          });
        }
        const stop = new AbortController();
        running.set(id, { stop, by: visitor });
        const startedAt = performance.now();
        try {
          const result = await runQuery(lakeDirectory, sql, {
            ...{ maxRows, timeoutMs: WITHIN_MS, memoryLimitBytes: MEMORY_BYTES },
            signal: AbortSignal.any([signal, stop.signal]),
          });
          return {
            id,
            columns: result.names.map((name, index) => ({ name, type: result.types[index] ?? '' })),
            rows: result.rows.map((row) => [...row]),
            truncated: result.isCut,
            ms: performance.now() - startedAt,
          };
        } catch (error) {
          throw error instanceof LakeError ? problemOf(error) : error;
        } finally {
          running.delete(id);
        }
      },
    }),
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
      handle({ params: { id }, visitor }) {
        const found = running.get(id);
        const isOwn = found !== undefined && isSame(found.by, visitor);
        // Whose it is is nobody else's business, not even that it is there.
        if (found === undefined || (!isOwn && !isAllowed(visitor, 'admin'))) throw notFound('query that runs', id);
        found.stop.abort();
      },
    }),
  ],
};

function problemOf(error: LakeError): Problem {
  const { code, message: detail } = error;
  if (code === 'NO_TABLE') return new Problem(404, 'no-lake', detail, { cause: error });
  if (code === 'QUERY_REFUSED') return new Problem(422, 'query-refused', detail, { cause: error });
  if (code === 'QUERY_FAILED') return new Problem(422, 'query-failed', detail, { cause: error });
  if (code === 'QUERY_LIMIT') return new Problem(422, 'query-limit', detail, { cause: error });
  return new Problem(503, 'lake-failed', detail, { cause: error });
}
