import type { ClientRule } from '../../producer/client-address.js';
import { forwardedVariable } from '../../producer/client-address.js';
import type { EventDefaults } from '../../producer/event-builder.js';
import { EventIntake } from '../../producer/event-intake.js';
import { excludedPaths } from '../../producer/excluded-paths.js';
import { chosenFormat } from '../../producer/formats/known-formats.js';
import { Privacy, type RequestDetail } from '../../producer/privacy.js';

const DAY_MS = 86_400_000;

/** How lines are read; plain values, that can be sent to another process. */
export interface LineReading {
  /** `auto`, the name of a format, NGINX's `log_format`, Apache's `LogFormat`, or `@` and the path of a configuration. */
  readonly format: string;
  /** Which member of a line is which field: `time=ts,message=msg`. */
  readonly map?: string;
  /** Of service logs that do not name it; without it a file's name says it. */
  readonly service?: string;
  /** Of times that name none. */
  readonly timeZone?: string;
  /** See `Privacy`. */
  readonly mask?: readonly string[];
  readonly drop?: readonly string[];
  /** Of lines that do not name their host, or the machine. */
  readonly host: string;
  readonly server: string;
  readonly client?: ClientRule;
  /** Globs: requests of these paths are left out. */
  readonly excludedPaths: readonly string[];
}

/** What is known of events before they are read. @throws ProducerError MASK */
export function eventDefaultsOf(
  reading: LineReading,
): EventDefaults & { readonly details: (name: RequestDetail) => boolean } {
  const { client, drop, excludedPaths: excluded, host, mask, server, service, timeZone } = reading;
  const privacy = new Privacy({ drop, mask });
  return {
    ...{ host, server, privacy, timeZone, maxFutureMs: DAY_MS },
    details: (name) => privacy.wants(name),
    ...(service === undefined ? {} : { service }),
    ...(client === undefined ? {} : { client }),
    ...(excluded.length === 0 ? {} : { isExcluded: excludedPaths(excluded) }),
  };
}

/** Who is told what lines are taken for. */
export interface ReadingListener {
  /** What the lines come in, such as a topic. */
  readonly name: string;
  readonly onDecision: (message: string) => void;
  readonly onWarning: (message: string) => void;
}

/** Makes events of what comes in messages. @throws ProducerError LOG_FORMAT, MAP, CLIENT_FROM, MASK, TIME_ZONE */
export function eventIntakeFor(reading: LineReading, listener?: ReadingListener): EventIntake {
  const { client, format, map } = reading;
  const { format: chosen, warnings } = chosenFormat(format, {
    ...{ forwarded: forwardedVariable(client), keepsDetails: true, map },
    onDecision: listener?.onDecision,
  });
  for (const warning of warnings) listener?.onWarning(warning);
  return new EventIntake(chosen, eventDefaultsOf(reading), listener?.name);
}
