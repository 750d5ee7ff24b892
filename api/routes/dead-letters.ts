import { z } from 'zod';
import { NOTIFY_TOPICS } from '../../notify/topics.js';
import { isInternal } from '../dead-letters/original.js';
import { replay } from '../dead-letters/replay.js';
import { REPLAYS_TOPIC, replaySchema } from '../dead-letters/replays.js';
import { INCIDENT_ACTIONS_TOPIC } from '../live/incident-actions.js';
import { lineOf } from '../live/live-results.js';
import { recordId } from '../live/record-ring.js';
import { QUERIES_TOPIC } from '../live/saved-queries.js';
import { page, pageOf, paging, rangeOf, timePoint } from '../parameters.js';
import { logLine } from '../records.js';
import { type Resource, route } from '../route.js';
import type { Services } from '../services.js';

/** At a time. */
const MAX = 1_000;

const deadLetter = logLine
  .extend({
    replayable: z.boolean().meta({ description: 'Whether its headers name the record of a topic that it was.' }),
    replay: replaySchema.nullable().meta({ description: 'Null: it was not sent again.' }),
  })
  .meta({ id: 'DeadLetter', description: 'With what its headers say, and the fields of its record, beside these.' });

const selection = z.union([
  z.object({ ids: z.array(z.string().min(1).max(400)).min(1).max(MAX) }).meta({ title: 'These' }),
  z
    .object({
      reason: z.string().min(1).max(500).meta({ description: 'A part of the reason.' }),
      from: timePoint.optional(),
      to: timePoint.optional(),
      limit: z.number().int().min(1).max(MAX).default(MAX),
    })
    .meta({ title: 'Those of a reason, the oldest first' }),
]);

function reasonOf({ value }: { readonly value: Readonly<Record<string, unknown>> }): string {
  return String(value['reason'] ?? '');
}

function isReplayable({ value }: { readonly value: Readonly<Record<string, unknown>> }): boolean {
  const { line, offset, partition, source } = value;
  const isWhole = (text: unknown) => typeof text === 'string' && /^\d{1,15}$/.test(text);
  return (
    line === undefined && isWhole(partition) && isWhole(offset) && typeof source === 'string' && !isInternal(source)
  );
}

export const deadLetters: Resource = {
  name: 'dead letters',
  description: 'What could not be read or processed, with the reason.',
  routes: [
    route({
      method: 'get',
      path: '/dead-letters',
      summary: 'Refused records, the newest first',
      role: 'viewer',
      query: paging.extend({ reason: z.string().max(500).optional().meta({ description: 'A part of the reason.' }) }),
      answer: pageOf(deadLetter).extend({
        reasons: z.array(z.object({ reason: z.string(), records: z.int() })),
      }),
      handle({ query }, { live }) {
        const wanted = query.reason?.toLowerCase();
        const reasons = new Map<string, number>();
        const lines = [];
        for (const record of live.ringOf('dead-letters')?.newest() ?? []) {
          const reason = reasonOf(record);
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
          if (wanted !== undefined && !reason.toLowerCase().includes(wanted)) continue;
          const line = lineOf(record, 'dead-letters');
          lines.push({ ...line, replayable: isReplayable(record), replay: live.replays.get(line.id) ?? null });
        }
        return {
          ...page(lines, query, ({ id, time }) => [time, id]),
          reasons: [...reasons]
            .map(([reason, records]) => ({ reason, records }))
            .sort((one, other) => other.records - one.records)
            .slice(0, 100),
        };
      },
    }),
    route({
      method: 'post',
      path: '/dead-letters/replay',
      summary: 'Send refused records again',
      description:
        'Each goes to the topic and partition that it came from with the bytes, key, headers and time that it had. A dead letter is sent again once, whoever asks: later calls say who did. Whether it can be processed now is another matter; if not it is refused again, as a new dead letter.',
      role: 'operator',
      limit: 'heavy',
      body: selection,
      problems: [503],
      answer: z.object({
        replayed: z.int(),
        items: z.array(
          z.object({
            id: z.string(),
            state: z.enum(['replayed', 'already', 'refused']),
            topic: z.string().nullable(),
            partition: z.int().nullable(),
            why: z.string().nullable().meta({ description: 'Where it was not sent: why.' }),
          }),
        ),
        more: z.boolean().meta({ description: 'Whether more records are of the reason than were taken.' }),
      }),
      async handle({ body, signal, visitor }, services) {
        const { config, live, log } = services;
        const { ids, more } = chosen(body, services);
        const shut = [REPLAYS_TOPIC, QUERIES_TOPIC, INCIDENT_ACTIONS_TOPIC, ...Object.values(NOTIFY_TOPICS)];
        const { deadLetters: topic, late, pipelineStatus } = config.topics;
        const items = await replay(ids, {
          ...{ log, signal, by: visitor.name, deadLetters: topic },
          shut: new Set([...shut, topic, late, pipelineStatus]),
          onReplayed: (sent) => live.replays.read(sent.id, sent),
        });
        const replayed = items.filter(({ state }) => state === 'replayed');
        services.audit(visitor, 'dead-letters.replay', {
          asked: 'ids' in body ? body.ids.length : body.reason,
          replayed: replayed.map(({ id }) => id),
        });
        return { replayed: replayed.length, items, more };
      },
    }),
  ],
};

/** The ids that a selection means, each once. */
function chosen(body: z.output<typeof selection>, { live }: Services): { ids: string[]; more: boolean } {
  if ('ids' in body) return { ids: [...new Set(body.ids)], more: false };
  const range = rangeOf(body, live.latestTime);
  const wanted = body.reason.toLowerCase();
  const found = live
    .ringOf('dead-letters')
    ?.select(
      (record) =>
        record.time >= range.from &&
        record.time < range.to &&
        isReplayable(record) &&
        live.replays.get(recordId(record)) === undefined &&
        reasonOf(record).toLowerCase().includes(wanted),
    )
    .reverse();
  const ids = (found ?? []).map(recordId);
  return { ids: ids.slice(0, body.limit), more: ids.length > body.limit };
}
