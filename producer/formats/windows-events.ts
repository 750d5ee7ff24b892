import { isObject, type Members } from './members.js';

/** Of System/Level, where 0 is for what is always logged. */
const LEVELS = ['info', 'critical', 'error', 'warning', 'info', 'debug'];
/** What PowerShell's ConvertTo-Json makes of a DateTime: milliseconds since 1970. */
const DATE = /^\/Date\((\d{1,14})\)\/$/;

/**
 * An event of Windows in common words: of PowerShell's `Get-WinEvent | ConvertTo-Json`, or its XML as an object, as
 * evtx_dump and others make it. Undefined for any other.
 */
export function windowsEvent(object: Members): Record<string, unknown> | undefined {
  const { Event: event, TimeCreated: created } = object;
  if (typeof created === 'string' && 'ProviderName' in object) {
    const { TimeCreated: _, Level: level, ...rest } = object;
    return { timestamp: DATE.exec(created)?.[1] ?? created, ...levelOf(level, rest), ...rest };
  }
  const system = isObject(event) ? event['System'] : undefined;
  if (!isObject(event) || !isObject(system)) return undefined;
  const id = isObject(system['EventID']) ? system['EventID']['#text'] : system['EventID'];
  const data = event['EventData'] ?? event['UserData'];
  return {
    timestamp: attribute(system['TimeCreated'], 'SystemTime'),
    service: attribute(system['Provider'], 'Name'),
    level: LEVELS[Number(system['Level'])] ?? 'info',
    message: `event ${id}${isObject(data) ? ` ${JSON.stringify(data)}` : ''}`,
    ...{ host: system['Computer'], event_id: id, channel: system['Channel'] },
  };
}

function levelOf(level: unknown, { LevelDisplayName: name }: Members): Members {
  return typeof name === 'string' || level === undefined ? {} : { level: LEVELS[Number(level)] };
}

function attribute(element: unknown, name: string): unknown {
  if (!isObject(element)) return undefined;
  const attributes = isObject(element['#attributes']) ? element['#attributes'] : element;
  return attributes[name] ?? attributes[`@${name}`];
}
