import type { ClientRule } from '../../producer/client-address.js';
import { forwardedVariable } from '../../producer/client-address.js';
import { EventIntake } from '../../producer/event-intake.js';
import { excludedPaths } from '../../producer/excluded-paths.js';
import { chosenFormat } from '../../producer/formats/known-formats.js';

const DAY_MS = 86_400_000;

/** How lines are read; plain values, that can be sent to another process. */
export interface LineReading {
  /** `auto`, the name of a format, or NGINX's `log_format`. */
  readonly format: string;
  /** Of lines that do not name their host, or the machine. */
  readonly host: string;
  readonly server: string;
  readonly client?: ClientRule;
  /** Globs: requests of these paths are left out. */
  readonly excludedPaths: readonly string[];
}

/** Makes events of what comes in messages. @throws ProducerError LOG_FORMAT, CLIENT_FROM */
export function eventIntakeFor(reading: LineReading): EventIntake {
  const { client, excludedPaths: excluded, format, host, server } = reading;
  const chosen = chosenFormat(format, { forwarded: forwardedVariable(client) });
  return new EventIntake(chosen.format, {
    ...{ host, server, maxFutureMs: DAY_MS },
    ...(client === undefined ? {} : { client }),
    ...(excluded.length === 0 ? {} : { isExcluded: excludedPaths(excluded) }),
  });
}
