import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DeltaLog } from '../../../lake/delta/delta-log.js';
import { openDuckDb } from '../../../lake/duckdb.js';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { catalogOf } from '../../../lake/query/catalog.js';
import { createViews } from '../../../lake/query/views.js';
import { temporaryDirectory } from '../millrace.js';
import { openDataDirectory, produce, REQUEST, requests } from './events.js';

it('tells of each table what a query of it gives: its columns with their types, and how many rows there are', async () => {
  const directory = await temporaryDirectory();
  const data = await openDataDirectory(directory.path);
  onTestFinished(async () => {
    await data.log.close();
    await directory.remove();
  });
  const lake = join(directory.path, 'lake');
  await expect(catalogOf(lake)).rejects.toMatchObject({ code: 'NO_TABLE' });
  await data.log.ensureTopic('requests', { partitions: 1 });
  await produce(data, 'requests', REQUEST, requests(30, 1, 1));
  const writer = await LakeWriter.open({ ...data, directory: lake, sources: [{ kind: 'access', topic: 'requests' }] });
  await writer.drain();
  await writer.close();

  const tables = await catalogOf(lake);
  expect(tables.map(({ name, rows }) => [name, rows])).toEqual([
    ['access', 30],
    ['logs', 30],
  ]);
  const duckDb = await openDuckDb();
  onTestFinished(() => duckDb.connection.closeSync());
  await createViews(duckDb, lake, await new DeltaLog(lake).require());
  for (const { columns, name } of tables) {
    const result = await duckDb.connection.run(`SELECT * FROM ${name} LIMIT 0`);
    const given = result.columnNames().map((column, index) => ({ name: column, type: `${result.columnType(index)}` }));
    expect(columns).toEqual(given);
  }
});
