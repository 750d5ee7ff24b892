import type { Dice } from '../other-shapes/dice.js';

/** A request that was answered, or something else that a service tells of. */
export interface Told {
  readonly timeMs: number;
  readonly level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  readonly message: string;
  readonly instance: number;
  /** Undefined where nothing was asked for. */
  readonly request?: {
    readonly client: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly durationMs: number;
    readonly bytes: number;
    readonly id: string;
  };
}

/** As a program writes it to its log. */
export type LogWriter = (service: string, told: Told) => string;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As pino and its like do. */
export const jsonLines: LogWriter = (service, { instance, level, message, request, timeMs }) =>
  JSON.stringify({
    ...{
      time: new Date(timeMs).toISOString(),
      level: level.toLowerCase(),
      service,
      hostname: `${service}-${instance}`,
    },
    ...{ msg: message },
    ...(request !== undefined && {
      ...{ method: request.method, path: request.path, status: request.status, bytes: request.bytes },
      ...{ duration_ms: Math.round(request.durationMs * 10) / 10, ip: request.client, request_id: request.id },
    }),
  });

/** As Go's slog does. */
export const logfmtLines: LogWriter = (service, { instance, level, message, request, timeMs }) =>
  `time=${new Date(timeMs).toISOString()} level=${level} msg=${JSON.stringify(message)} service=${service} ` +
  `instance=${service}-${instance}` +
  (request === undefined
    ? ''
    : ` method=${request.method} path=${request.path} status=${request.status} duration_ms=${request.durationMs.toFixed(1)}`);

/** The common format with the time that the request took, and whom it asked. */
export const commonLines: LogWriter = (_service, { request, timeMs }) => {
  if (request === undefined) return '';
  const time = new Date(timeMs);
  const [hours, minutes, seconds] = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(twoDigits);
  const day = `${twoDigits(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return (
    `${request.client} - - [${day}:${hours}:${minutes}:${seconds} +0000] "${request.method} ${request.path} HTTP/1.1" ` +
    `${request.status} ${request.bytes} ${(request.durationMs / 1000).toFixed(3)} www.example.com`
  );
};

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** One of many, some of which come more often. */
export function clientOf(dice: Dice, clients: number): string {
  const n = Math.floor(clients * dice.uniform() ** 1.5);
  return `100.${64 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
}
