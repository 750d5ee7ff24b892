import { pino } from 'pino';

/** Lines of JSON with names of levels and ISO times, whoever in this program writes them. */
export const JSON_LINES = {
  formatters: { level: (level: string) => ({ level }) },
  timestamp: pino.stdTimeFunctions.isoTime,
};

export function standardError(): ReturnType<typeof pino.destination> {
  return pino.destination({ dest: process.stderr.fd, sync: true });
}
