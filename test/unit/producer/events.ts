import { type ClientRule, forwardedVariable } from '../../../producer/client-address.js';
import { EventBuilder } from '../../../producer/event-builder.js';
import { LineRefusal, RequestFields } from '../../../producer/formats/access-log-format.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
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
  return fields instanceof LineRefusal
    ? { event: undefined, reason: fields.reason, odd: new Map() }
    : built(fields, client);
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
