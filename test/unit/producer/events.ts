import { type ClientRule, forwardedVariable } from '../../../producer/client-address.js';
import { EventBuilder } from '../../../producer/event-builder.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { LineRefusal, RequestFields } from '../../../producer/formats/line-format.js';
import type { OddFields } from '../../../producer/odd-fields.js';
import type { AccessLog } from '../../../schemas/records.js';

export interface Read {
  readonly event: AccessLog | undefined;
  readonly reason: string | undefined;
  readonly odd: OddFields;
}

/** What a line becomes. */
export function read(format: string, line: string, client?: ClientRule): Read {
  const chosen = chosenFormat(format, { forwarded: forwardedVariable(client) });
  const fields = chosen.format.read(line);
  if (fields instanceof RequestFields) return built(fields, client);
  const reason = fields instanceof LineRefusal ? fields.reason : `no-request: ${String(fields)}`;
  return { event: undefined, reason, odd: new Map() };
}

/** What a line's fields become, beside a client and a time. */
export function build(fields: Partial<RequestFields>, maxFutureMs = 86_400_000): Read {
  const all = Object.assign(new RequestFields(), { client: '1.2.3.4', status: 200, time: 1_431_857_103 }, fields);
  return built(all, undefined, maxFutureMs);
}

function built(fields: RequestFields, client: ClientRule | undefined, maxFutureMs = 86_400_000): Read {
  const builder = new EventBuilder({
    host: 'default-host',
    server: 'default-server',
    maxFutureMs,
    ...(client === undefined ? {} : { client }),
  });
  const event = builder.build(fields);
  return event instanceof LineRefusal
    ? { event: undefined, reason: event.reason, odd: builder.oddFields.take() }
    : { event, reason: undefined, odd: builder.oddFields.take() };
}

/** The event that a line becomes. @throws Error with the reason when it is refused */
export function event(format: string, line: string, client?: ClientRule): AccessLog {
  const { event: made, reason } = read(format, line, client);
  if (made === undefined) throw new Error(reason);
  return made;
}
