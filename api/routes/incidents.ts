import { z } from 'zod';
import { isTimeZone } from '../../detection/local-time.js';
import { feedback } from '../../schemas/feedback.js';
import type { Alert } from '../../schemas/records.js';
import { Calendar } from '../../topology/calendar.js';
import { type IncidentAction, incidentAction } from '../live/incident-actions.js';
import {
  alertsOf,
  linesOf,
  nameIn,
  sameRequests,
  samplesOf,
  seriesAround,
  similarTo,
} from '../live/incident-detail.js';
import { togetherWith } from '../live/incidents-together.js';
import { feedbackOn } from '../live/learned-feedback.js';
import { maintainedBeside } from '../live/maintained-beside.js';
import {
  durationParameter,
  instant,
  page,
  pageOf,
  paging,
  rangeOf,
  range as rangeQuery,
  timePoint,
} from '../parameters.js';
import { notFound, Problem } from '../problems.js';
import {
  alertRecord,
  incidentRecord,
  logLine,
  sensorScoreRecord,
  serviceHealthRecord,
  severity,
  sourceKind,
  timeSchema,
  webStatisticsRecord,
} from '../records.js';
import { type Call, idParams, type Resource, route } from '../route.js';
import { compare, comparison } from '../search/stand-out.js';
import type { Services } from '../services.js';

const filters = rangeQuery.extend(paging.shape).extend({
  source_kind: sourceKind.optional(),
  severity: severity.optional(),
  scope: z.string().max(500).optional(),
});

export const anomalies: Resource = {
  name: 'anomalies',
  description: 'Alerts, from the topic `alerts`: what detectors have found.',
  routes: [
    route({
      method: 'get',
      path: '/anomalies',
      summary: 'Alerts, the newest first; what was told again, as it was told last',
      role: 'viewer',
      query: filters.extend({
        state: z.enum(['opened', 'resolved']).optional(),
        detector: z.string().max(500).optional(),
        entity: z.string().max(500).optional(),
      }),
      answer: pageOf(alertRecord),
      handle({ query }, { live }) {
        const { from, to } = rangeOf(query, live.latestTime);
        const found = lastTold(live.alerts).filter(
          (alert) =>
            alert.time >= from &&
            alert.time < to &&
            isOneOf(query.source_kind, alert.source_kind) &&
            isOneOf(query.severity, alert.severity) &&
            isOneOf(query.scope, alert.scope) &&
            isOneOf(query.state, alert.state) &&
            isOneOf(query.detector, alert.detector) &&
            isOneOf(query.entity, alert.entity),
        );
        return page(found, query, ({ id, state, time }) => [time, id, state]);
      },
    }),
  ],
};

/** Of alerts, the newest first: each as it was told last, when it opened and when it was over. */
function lastTold(alerts: Iterable<Alert>): Alert[] {
  const told = new Map<string, Alert>();
  for (const alert of alerts) {
    const key = `${alert.state} ${alert.id}`;
    if (!told.has(key)) told.set(key, alert);
  }
  return [...told.values()];
}

function isOneOf(wanted: string | undefined, value: string): boolean {
  return wanted === undefined || wanted === value;
}

const sameRequest = z
  .object({
    service: z.string(),
    message: z.string().meta({ description: 'With `<*>` for what varies.' }),
    lines: z.int(),
    share: z.number(),
    share_of_others: z.number().meta({ description: 'Of the lines of other requests.' }),
  })
  .meta({ id: 'SameRequest' });

const togetherSchema = z
  .object({
    began: timeSchema.meta({ description: 'When the first window that was unusual began.' }),
    first: z
      .string()
      .nullable()
      .meta({
        description:
          'The id of the incident that began first: its first window was over, and 5 s had passed, before those of all ' +
          'others began; null: none did.',
      }),
    others: z.array(
      z.object({
        incident: incidentRecord,
        began: timeSchema,
        shared_requests: z.int().meta({
          description:
            'How many requests are in the failing lines of both; of an incident without any, in all its lines.',
        }),
      }),
    ),
  })
  .meta({
    id: 'IncidentGroup',
    description:
      'Incidents that began within a minute, or are open at the same time and have requests in common; one fault is often ' +
      'several incidents.',
  });

export const incidentDetail = incidentRecord
  .extend({
    alerts_list: z.array(alertRecord.extend({ resolved: timeSchema.nullable() })),
    series: z.object({
      service_health: z.array(serviceHealthRecord),
      web_statistics: z.array(webStatisticsRecord),
      sensor_scores: z.array(sensorScoreRecord),
    }),
    fields: comparison,
    failing_lines: z.int().meta({
      description:
        'Lines of the scope since the first alert that failed, or all of a client or where none failed, as far as they are ' +
        'in memory.',
    }),
    lines: z.array(logLine).meta({ description: 'Samples of them.' }),
    same_requests: z.array(sameRequest),
    together: togetherSchema,
    maintained: z
      .array(
        z.object({
          service: z.string(),
          shared_requests: z.int().meta({ description: 'How many requests are in the failing lines of both.' }),
          is_cause: z.boolean().meta({
            description: 'Half and more of the failing lines are of these requests; false: there is the time alone.',
          }),
        }),
      )
      .meta({ description: 'Other services that are maintained in its time.' }),
    similar: z.array(incidentRecord),
    actions: z.array(incidentAction),
    learned: z.array(feedback).meta({ description: 'What detectors judge by since people have spoken of it.' }),
    deliveries: z
      .array(z.record(z.string(), z.unknown()))
      .meta({ description: 'What was told of it, as `/deliveries` has it.' }),
  })
  .meta({ id: 'IncidentDetail' });

const note = z.string().max(2000).nullable().default(null);
const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const LONGEST_FINE_MS = 90 * DAY_MS;
const timeZone = z.string().max(100).refine(isTimeZone, 'It is no time zone; give an IANA name such as Europe/Berlin.');

/** Notes what somebody has said of an incident, in the topic that all read. */
async function act(
  call: Pick<Call<{ readonly id: string }, unknown, unknown>, 'params' | 'visitor'>,
  { audit, live }: Services,
  action: IncidentAction['action'],
  said: { readonly note: string | null; readonly until?: number | undefined; readonly learned?: string | undefined },
) {
  const { id } = call.params;
  const incident = live.incident(id);
  if (incident === undefined) throw notFound('incident', id);
  const { name: by } = call.visitor;
  const { learned = null, note: why, until = null } = said;
  await live.actions.add(incident, { action, by, time: Date.now(), note: why, until, learned });
  audit(call.visitor, `incident.${action}`, { incident: id, note: said.note });
  return live.withActions(incident);
}

const saidBody = z.object({
  was_fine: z.boolean(),
  note,
  for: durationParameter
    .refine((ms) => ms <= LONGEST_FINE_MS, 'It is 90 days at most.')
    .nullable()
    .optional()
    .meta({ description: 'Default 1d, or without an end at a time of day; null: of this incident alone.' }),
  until: timePoint.optional().meta({ description: 'In place of `for`.' }),
  at_this_time_of_day: z.boolean().default(false).meta({ description: 'Only then, each day.' }),
  time_zone: timeZone.default('UTC').meta({ description: 'Of the time of day; an IANA name.' }),
  entities: z.enum(['same', 'alike']).default('same').meta({
    description: '`alike`: also those whose names differ in numbers only, and addresses of the same /24.',
  }),
});

/** Notes it, and has detectors learn by it. */
async function sayWhetherFine(
  call: Pick<Call<{ readonly id: string }, unknown, z.output<typeof saidBody>>, 'params' | 'visitor' | 'body'>,
  services: Services,
) {
  const { live } = services;
  const { at_this_time_of_day: isDaily, entities, note: said, time_zone, was_fine: wasFine, ...times } = call.body;
  const { id } = call.params;
  const incident = live.incident(id);
  if (incident === undefined) throw notFound('incident', id);
  const now = Math.max(incident.updated, Math.min(live.latestTime, Date.now()));
  const untilGiven = times.until === undefined ? undefined : instant(times.until, live.latestTime);
  if (untilGiven !== undefined && untilGiven <= now) {
    throw new Problem(
      422,
      'fine-without-time',
      'It would end before it begins: `until` is not after the newest events.',
    );
  }
  const forMs = times.for === undefined ? (isDaily ? undefined : DAY_MS) : (times.for ?? undefined);
  const isOnce = times.for === null && untilGiven === undefined && !isDaily;
  const until = wasFine ? (untilGiven ?? (forMs === undefined ? null : now + forMs)) : null;
  const learned = isOnce
    ? undefined
    : feedbackOn(live, incident, {
        ...{
          verdict: wasFine ? 'fine' : 'fault',
          by: call.visitor.name,
          note: said,
          said: Date.now(),
          until,
          entities,
        },
        dailyIn: isDaily && wasFine ? time_zone : null,
      });
  // What was said of the same incident before no longer counts.
  for (const one of [...live.feedback.values]) if (one.incident === id) await live.feedback.put(one.id, null);
  if (learned !== undefined) await live.feedback.put(learned.id, learned);
  const withNote = { note: said, learned: learned?.id };
  if (!wasFine) return act(call, services, 'was_not_fine', withNote);
  return act(call, services, 'was_fine', { ...withNote, until: isOnce ? undefined : (until ?? undefined) });
}

export const incidents: Resource = {
  name: 'incidents',
  description: 'Incidents: alerts of one scope at one time, and what people have said of them.',
  routes: [
    route({
      method: 'get',
      path: '/incidents',
      summary: 'Incidents, those that opened last first',
      role: 'viewer',
      query: filters.extend({
        state: z
          .enum(['open', 'opened', 'ongoing', 'resolved'])
          .optional()
          .meta({ description: '`open`: not resolved.' }),
      }),
      answer: pageOf(incidentRecord),
      handle({ query }, { live }) {
        const { from, to } = rangeOf(query, live.latestTime);
        const found = [...live.incidents]
          .map((incident) => live.withActions(incident))
          .filter(
            (one) =>
              one.opened < to &&
              (one.resolved ?? Number.POSITIVE_INFINITY) >= from &&
              isOneOf(query.source_kind, one.source_kind) &&
              isOneOf(query.severity, one.severity) &&
              isOneOf(query.scope, one.scope) &&
              (query.state === 'open' ? one.state !== 'resolved' : isOneOf(query.state, one.state)),
          );
        return page(found, query, ({ id, opened }) => [opened, id]);
      },
    }),
    route({
      method: 'get',
      path: '/incidents/{id}',
      summary: 'An incident with its alerts, series, lines and what is different in them',
      role: 'viewer',
      params: idParams,
      problems: [404],
      answer: incidentDetail,
      async handle({ params: { id } }, { config, deliveriesOf, live }) {
        const incident = live.incident(id);
        if (incident === undefined) throw notFound('incident', id);
        const alerts = alertsOf(live, incident);
        const { before, failing, source } = linesOf(live, incident, alerts);
        const together = togetherWith(live, incident, alerts, failing);
        return {
          ...live.withActions(incident),
          alerts_list: alerts,
          series: seriesAround(live, incident),
          fields: compare(
            failing.map(({ value }) => value),
            before.map(({ value }) => value),
          ),
          failing_lines: failing.length,
          lines: samplesOf(failing, source),
          same_requests: sameRequests(live, failing, nameIn(incident)),
          together: {
            ...together,
            others: together.others.map((one) => ({ ...one, incident: live.withActions(one.incident) })),
          },
          maintained: maintainedBeside(live, new Calendar(config.calendar), incident, alerts),
          similar: similarTo(live, incident).map((one) => live.withActions(one)),
          actions: live.actions.of(id),
          learned: [...live.feedback.values].filter((one) => one.incident === id),
          deliveries: (await deliveriesOf?.(id)) ?? [],
        };
      },
    }),
    route({
      method: 'post',
      path: '/incidents/{id}/ack',
      summary: 'Say that somebody is on it',
      role: 'operator',
      params: idParams,
      body: z.object({ note }),
      problems: [404],
      answer: incidentRecord,
      handle: (call, services) => act(call, services, 'acknowledged', call.body),
    }),
    route({
      method: 'post',
      path: '/incidents/{id}/resolve',
      summary: 'Say that it is over',
      role: 'operator',
      params: idParams,
      body: z.object({ note }),
      problems: [404],
      answer: incidentRecord,
      handle: (call, services) => act(call, services, 'resolved', call.body),
    }),
    route({
      method: 'post',
      path: '/incidents/{id}/feedback',
      summary: 'Say whether it was fine, for what and for how long, or a fault',
      description:
        'What was fine is not told again: alerts of the same detectors and entity in the same direction that go no further. ' +
        'A fault does not become usual.',
      role: 'operator',
      params: idParams,
      body: saidBody,
      problems: [404, 422],
      answer: incidentRecord,
      handle: sayWhetherFine,
    }),
    route({
      method: 'post',
      path: '/incidents/{id}/silence',
      summary: 'Tell nobody of it for some time',
      role: 'operator',
      params: idParams,
      body: z.object({
        for: durationParameter.refine((ms) => ms <= MONTH_MS, 'It is 30 days at most.'),
        reason: z.string().min(1).max(2000),
      }),
      problems: [404],
      answer: incidentRecord,
      handle: (call, services) =>
        act(call, services, 'silenced', { note: call.body.reason, until: Date.now() + call.body.for }),
    }),
  ],
};
