import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isAllowed, type Visitor } from '../auth/visitor.js';
import type { SavedQuery } from '../live/saved-queries.js';
import { notFound, Problem } from '../problems.js';
import { timeSchema } from '../records.js';
import { idParams, type Resource, route, silentRoute } from '../route.js';

/** Of one person, and of all. */
const MAX_OWN = 200;
const MAX = 5_000;

/** Ready to run, over the views of the lake. */
const SAMPLES = [
  {
    name: 'Lines by hour and level',
    sql: "SELECT date_trunc('hour', timestamp) AS hour, level, count(*) AS lines FROM service GROUP BY ALL ORDER BY hour DESC, lines DESC",
  },
  {
    name: 'Slowest endpoints',
    sql: 'SELECT service, endpoint, count(*) AS lines, avg(response_time) AS mean_ms, quantile_cont(response_time, 0.95) AS p95_ms FROM service WHERE endpoint IS NOT NULL GROUP BY ALL ORDER BY p95_ms DESC LIMIT 50',
  },
  {
    name: 'Clients with most requests',
    sql: 'SELECT client_ip, count(*) AS requests, count_if(status >= 400) AS errors FROM access GROUP BY ALL ORDER BY requests DESC LIMIT 50',
  },
  {
    name: 'Errors by host and status',
    sql: 'SELECT host, status, count(*) AS responses FROM access WHERE status >= 400 GROUP BY ALL ORDER BY responses DESC LIMIT 100',
  },
] as const;

const shownQuery = z
  .object({
    id: z.string(),
    name: z.string(),
    sql: z.string(),
    by: z.string(),
    created: timeSchema,
    can_delete: z.boolean().meta({ description: 'Whether it is an own one, or an admin asks.' }),
  })
  .meta({ id: 'SavedQuery' });

function isOwn(visitor: Visitor, { by, by_kind }: SavedQuery): boolean {
  return by === visitor.name && by_kind === visitor.kind;
}

function shown(visitor: Visitor, saved: SavedQuery): z.output<typeof shownQuery> {
  const { by_kind: _kind, ...rest } = saved;
  return { ...rest, can_delete: isOwn(visitor, saved) || isAllowed(visitor, 'admin') };
}

export const queries: Resource = {
  name: 'queries',
  description: 'Queries to begin with, and those that people have saved for all.',
  routes: [
    route({
      method: 'get',
      path: '/queries',
      summary: 'Samples, and saved queries, the newest first',
      role: 'viewer',
      answer: z.object({
        samples: z.array(z.object({ name: z.string(), sql: z.string() })),
        items: z.array(shownQuery),
      }),
      handle({ visitor }, { live }) {
        const items = [...live.queries.values].sort((one, other) => other.created - one.created);
        return { samples: [...SAMPLES], items: items.map((saved) => shown(visitor, saved)) };
      },
    }),
    route({
      method: 'post',
      path: '/queries',
      summary: 'Save a query, which all can see',
      role: 'viewer',
      status: 201,
      body: z.object({ name: z.string().trim().min(1).max(200), sql: z.string().min(1).max(50_000) }),
      problems: [409],
      answer: shownQuery,
      async handle({ body, visitor }, services) {
        const { queries: saved } = services.live;
        const all = [...saved.values];
        const own = all.filter((one) => isOwn(visitor, one)).length;
        if (own >= MAX_OWN || all.length >= MAX) {
          const most = own >= MAX_OWN ? `${MAX_OWN} queries of yours` : `${MAX} queries`;
          throw new Problem(409, 'too-many-queries', `There are ${most} already; delete some first.`);
        }
        const made: SavedQuery = {
          ...{ id: randomUUID(), name: body.name, sql: body.sql },
          ...{ by: visitor.name, by_kind: visitor.kind, created: Date.now() },
        };
        await saved.put(made.id, made);
        services.audit(visitor, 'query.save', { id: made.id });
        return shown(visitor, made);
      },
    }),
    silentRoute({
      method: 'delete',
      path: '/queries/{id}',
      summary: 'Delete a saved query: an own one, or as admin any',
      role: 'viewer',
      params: idParams,
      problems: [404],
      async handle({ params: { id }, visitor }, services) {
        const { queries: saved } = services.live;
        const found = saved.get(id);
        if (found === undefined) throw notFound('saved query', id);
        if (!isOwn(visitor, found) && !isAllowed(visitor, 'admin')) {
          throw new Problem(403, 'not-yours', `The query is ${found.by}'s; an admin can delete it, too.`);
        }
        await saved.put(id, null);
        services.audit(visitor, 'query.delete', { id, by: found.by });
      },
    }),
  ],
};
