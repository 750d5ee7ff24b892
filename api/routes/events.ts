import { z } from 'zod';
import { EVENT_TYPES, type EventType } from '../live/event-hub.js';
import { EventStream } from '../live/event-stream.js';
import { Problem } from '../problems.js';
import { logSource } from '../records.js';
import { type Resource, route, writingRoute } from '../route.js';
import { matcherFor } from '../search/matcher-for.js';

const MAX_STREAMS = 2_000;
/** Of one of those who sign in. */
const MAX_OWN = 200;

const open = new Map<string, number>();

const types = z
  .string()
  .max(200)
  .default(EVENT_TYPES.filter((type) => type !== 'log').join(','))
  .transform((text, context): ReadonlySet<EventType> => {
    const named = text.split(',').map((word) => word.trim());
    const unknown = named.filter((name) => !EVENT_TYPES.includes(name as EventType));
    if (unknown.length > 0) {
      context.addIssue({
        code: 'custom',
        message: `there are no events of type ${unknown.join(', ')}; there are ${EVENT_TYPES.join(', ')}`,
      });
      return z.NEVER;
    }
    return new Set(named as EventType[]);
  })
  .meta({ description: `Of ${EVENT_TYPES.join(', ')}, divided by commas; default all but log.` });

export const events: Resource = {
  name: 'events',
  description: 'What happens, as it happens (server-sent events).',
  routes: [
    route({
      method: 'post',
      path: '/events/ticket',
      summary: 'A ticket for one stream, for who cannot send a header or a cookie',
      role: 'viewer',
      problems: [503],
      answer: z.object({ ticket: z.string(), expires_in: z.int().meta({ description: 'Seconds.' }) }),
      handle: ({ visitor }, { authentication }) => authentication.newTicket(visitor),
    }),
    writingRoute({
      method: 'get',
      path: '/events',
      summary: 'A stream of events',
      description:
        'Events have ids; after a break, `Last-Event-ID` (or `last_event_id`) gives those that came meanwhile. A `gap` event says how many could not be given, `missed: null` where nobody can tell. Comments come every 15 s when nothing else does.',
      role: 'viewer',
      query: z.object({
        types,
        source: z
          .string()
          .max(100)
          .optional()
          .transform((text, context) => {
            if (text === undefined) return undefined;
            const { data } = z.array(logSource).safeParse(text.split(','));
            if (data !== undefined) return new Set<string>(data);
            context.addIssue({ code: 'custom', message: `"${text}" names no sources of lines` });
            return z.NEVER;
          })
          .meta({ description: 'Sources of lines, divided by commas; default all.' }),
        q: z.string().max(2000).default('').meta({ description: 'Only lines that fit this search.' }),
        lines_per_second: z.coerce.number().int().min(1).max(1000).default(200),
        last_event_id: z.string().max(64).optional(),
        ticket: z
          .string()
          .max(200)
          .optional()
          .meta({ description: 'Of `POST /events/ticket`, where there is no cookie.' }),
      }),
      problems: [503],
      writes: {
        contentTypes: ['text/event-stream'],
        description: 'Events `hello`, `log`, `metrics`, `alert`, `incident`, `topology` and `gap`; their data is JSON.',
      },
      handle({ query, request, response, stillAllowed, visitor }, { events: hub }) {
        if (hub.listeners >= MAX_STREAMS) {
          throw new Problem(
            503,
            'too-many-streams',
            `This server has ${MAX_STREAMS} streams open already; try later.`,
            {
              retryAfterSeconds: 10,
            },
          );
        }
        const matches = matcherFor(query.q);
        const who = `${visitor.kind} ${visitor.name}`;
        const own = open.get(who) ?? 0;
        if (visitor.kind !== 'anybody' && own >= MAX_OWN) {
          throw new Problem(503, 'too-many-streams', `${MAX_OWN} streams of yours are open already; close some.`, {
            retryAfterSeconds: 10,
          });
        }
        open.set(who, own + 1);
        response.on('close', () => {
          const left = (open.get(who) ?? 1) - 1;
          if (left === 0) open.delete(who);
          else open.set(who, left);
        });
        const { source } = query;
        const header = request.headers['last-event-id'];
        new EventStream(hub, response, {
          types: query.types,
          wantsLine: (line) => (source === undefined || source.has(String(line['kind']))) && matches(line),
          linesPerSecond: query.lines_per_second,
          lastId: (typeof header === 'string' ? header : undefined) ?? query.last_event_id,
          isAllowed: stillAllowed,
        });
      },
    }),
  ],
};
