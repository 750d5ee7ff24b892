import { z } from 'zod';
import { ConnectorError } from './connector-error.js';
import type { Connector } from './connector-files.js';
import type { HttpService } from './http-service.js';

/** The setting that names the database, in Lenses' sink and in ours. */
const DATABASE_SETTINGS = ['connect.influx.db', 'connection.database'];

const queryAnswer = z.object({
  results: z.array(
    z.object({
      error: z.string().optional(),
      series: z.array(z.object({ values: z.array(z.array(z.unknown())).default([]) })).default([]),
    }),
  ),
});

export interface AppliedDatabase {
  readonly name: string;
  readonly result: 'created' | 'unchanged';
}

/** Makes the databases that the connectors write to, where they are missing: no sink makes its own. @throws ConnectorError */
export async function applyInfluxDatabases(
  influxdb: HttpService,
  connectors: readonly Connector[],
): Promise<AppliedDatabase[]> {
  const names = connectors.flatMap(({ config }) => DATABASE_SETTINGS.flatMap((setting) => config[setting] ?? []));
  if (names.length === 0) return [];
  const there = (await query(influxdb, 'GET', 'SHOW DATABASES')).flat(2);
  const applied: AppliedDatabase[] = [];
  for (const name of new Set(names)) {
    const missing = !there.includes(name);
    if (missing) await query(influxdb, 'POST', `CREATE DATABASE "${name.replaceAll(/["\\]/g, '\\$&')}"`);
    applied.push({ name, result: missing ? 'created' : 'unchanged' });
  }
  return applied;
}

async function query(influxdb: HttpService, method: 'GET' | 'POST', statement: string): Promise<unknown[][][]> {
  const answer = await influxdb.request(method, `query?q=${encodeURIComponent(statement)}`);
  const read = queryAnswer.safeParse(answer.body);
  const error = read.success ? read.data.results.find((result) => result.error !== undefined)?.error : 'no such API';
  if (!read.success || error !== undefined) {
    throw new ConnectorError('SERVICE_REFUSED', `InfluxDB at ${influxdb.address} refuses ${statement}: ${error}`);
  }
  return read.data.results.flatMap(({ series }) => series.map(({ values }) => values));
}
