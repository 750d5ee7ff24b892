import { join } from 'node:path';
import { AvroSerde } from '@millrace/streams/avro';
import { EmbeddedLog } from '@millrace/streams/embedded';
import type { Schema } from 'avsc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectTopic } from '../../../app/ingestion/inspect-topic.js';
import { InspectedNames } from '../../../app/ingestion/inspected-names.js';
import type { Inspection } from '../../../app/ingestion/inspection.js';
import { sampleRecords } from '../../../app/log/sample-records.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { temporaryFolder } from '../producer/log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let log: EmbeddedLog;
let schemas: SchemaDirectory;

beforeEach(async () => {
  folder = await temporaryFolder();
  log = await EmbeddedLog.open({ directory: folder.path('log') });
  schemas = new SchemaDirectory(folder.path('schemas.json'));
});
afterEach(async () => {
  await log.close();
  await folder.remove();
});

type Value = string | Uint8Array | null;

async function write(topic: string, ...partitions: readonly (readonly Value[])[]): Promise<void> {
  await log.ensureTopic(topic, { partitions: partitions.length });
  const transaction = log.transaction();
  for (const [partition, values] of partitions.entries()) {
    for (const value of values) {
      transaction.append(topic, partition, 0, null, typeof value === 'string' ? Buffer.from(value) : value);
    }
  }
  await transaction.commit();
}

const { signal } = new AbortController();

function inspect(topic: string, most = 10_000, from: 'start' | 'end' = 'end'): Promise<Inspection> {
  const options = { format: 'auto', host: 'unknown', server: 'unknown' };
  return inspectTopic({ log, schemas }, topic, options, { from, most, signal });
}

const request = (n: number) =>
  JSON.stringify({ client_ip: '203.0.113.5', path: `/${n}`, status: 200, timestamp: 1_709_809_501 + n, host: 'shop' });

describe('inspecting a topic', () => {
  it('says which fields its events have, which format reads the most records, and what --map would say', async () => {
    await write('web', [request(1), request(2)], [request(3)]);
    const { guesses, isPart, kinds, map, refused } = await inspect('web');
    expect({ isPart, refused: refused.total }).toEqual({ isPart: false, refused: 0 });
    expect(guesses[0]).toEqual({ format: 'json', read: 3, of: 3 });
    expect(kinds.map(({ events, kind }) => [kind, events])).toEqual([['requests', 3]]);
    const fields = new Map(kinds[0]?.fields.map(({ first, name, present }) => [name, [present, first]]));
    expect(fields.get('client_ip')).toEqual([3, '203.0.113.5']);
    expect(fields.get('path')).toEqual([3, '/1']);
    expect(map).toBe('time=timestamp,client_ip=client_ip,host=host,path=path,status=status');
  });

  it('counts what is refused by its reason, with the partition and the offset of the first records', async () => {
    const unknownSchema = Buffer.from([0, 0, 0, 0, 99, 2, 4, 6]);
    const loneTrace = '\tat com.shop.Cart.add(Cart.java:7)';
    await write('odd', [request(1)], [request(2), null, unknownSchema, loneTrace, '{"status":', 'what is this']);
    const { kinds, refused } = await inspect('odd');
    expect(kinds.map(({ events }) => events)).toEqual([2]);
    expect(Object.fromEntries(refused.counts)).toEqual({
      'no-value': 1,
      'not-decoded': 1,
      'continues-nothing': 1,
      'not-json': 1,
      'not-in-format': 1,
    });
    expect(refused.first.map(({ line, source }) => [source, line])).toEqual([
      ['odd-1', 1],
      ['odd-1', 2],
      ['odd-1', 3],
    ]);
  });

  it('reads Avro by the schemas of its registry, sensor readings too', async () => {
    const schema: Schema = {
      type: 'record',
      name: 'Boiler',
      fields: [
        { name: 'sensor_id', type: 'string' },
        { name: 'temperature', type: 'double' },
        { name: 'timestamp', type: 'long' },
      ],
    };
    const id = await schemas.register('boilers-value', schema);
    const serde = AvroSerde.reader<unknown>(schemas, schema, id);
    const value = { sensor_id: 'boiler-7', temperature: 21.5, timestamp: 1_709_809_501_000 };
    await write('boilers', [Buffer.from(serde.serialize('boilers', value))]);
    const { kinds, map, refused } = await inspect('boilers');
    expect(refused.total).toBe(0);
    expect(kinds.map(({ events, kind }) => [kind, events])).toEqual([['sensor readings', 1]]);
    expect(map).toBe('time=timestamp,sensor_id=sensor_id,temperature=temperature,pressure=?,value=?');
  });

  it('looks at a sample: the last records, or the first ones', async () => {
    await write(
      'many',
      Array.from({ length: 50 }, (_, n) => request(n)),
    );
    const firstPath = ({ kinds }: Inspection) => kinds[0]?.fields.find(({ name }) => name === 'path')?.first;
    const last = await inspect('many', 5);
    expect([last.kinds[0]?.events, firstPath(last), last.isPart]).toEqual([5, '/45', true]);
    const first = await inspect('many', 5, 'start');
    expect([first.kinds[0]?.events, firstPath(first), first.isPart]).toEqual([5, '/0', true]);
  });

  it('says what its records are taken for, by the name of the topic', async () => {
    await write(
      'web',
      Array.from({ length: 20 }, (_, n) => request(n)),
    );
    expect((await inspect('web')).decisions).toEqual(['web: taken for JSON, as 20 of the first 20 lines are']);
  });

  it('finds nothing in a topic that has no records', async () => {
    await write('empty', [], []);
    expect(await inspect('empty')).toMatchObject({ guesses: [], kinds: [], map: undefined, isPart: false });
  });
});

describe('a sample of a topic', () => {
  const offsets = async (most: number, from: 'start' | 'end') => {
    const { isPart, records } = await sampleRecords(log, 'topic', { from, most, signal });
    return { isPart, offsets: records.map(({ offset, partition }) => `${partition}@${offset}`) };
  };

  it('has of each partition its share, and of large ones what small ones leave', async () => {
    await write('topic', ['a', 'b', 'c', 'd', 'e', 'f'], ['a'], [], ['a', 'b', 'c', 'd']);
    expect(await offsets(7, 'end')).toEqual({
      isPart: true,
      offsets: ['0@3', '0@4', '0@5', '1@0', '3@1', '3@2', '3@3'],
    });
    expect(await offsets(7, 'start')).toEqual({
      isPart: true,
      offsets: ['0@0', '0@1', '0@2', '1@0', '3@0', '3@1', '3@2'],
    });
    expect(await offsets(11, 'end')).toMatchObject({ isPart: false, offsets: { length: 11 } });
  });

  it('goes further back where offsets have no records any more', async () => {
    await log.ensureTopic('topic', { partitions: 1, cleanupPolicy: 'compact' });
    const put = async (key: string) => {
      const transaction = log.transaction();
      transaction.append('topic', 0, 0, Buffer.from(key), Buffer.from('value'));
      await transaction.commit();
    };
    for (let n = 0; n < 4; n++) await put(`key ${n}`);
    for (let n = 0; n < 40; n++) await put('same');
    await log.compact({ topic: 'topic', partition: 0 });
    // Of 39 records with one key the last is left; the newest batch is not compacted.
    expect(await offsets(3, 'end')).toEqual({ isPart: true, offsets: ['0@3', '0@42', '0@43'] });
  });
});

describe('a name that is inspected', () => {
  const names = () =>
    new InspectedNames({
      open: async () => ({ log, schemas, stateDirectory: '', close: async () => {} }),
      place: 'here',
    });

  it('is of a topic where there is one, and says so where there is a file, too', async () => {
    await write('package.json', [request(1)]);
    const { data, note } = await names().find('package.json');
    expect(data?.log).toBe(log);
    expect(note).toBe('package.json is a topic and a file: this is the topic; ./package.json is the file');
    expect(await names().find('./package.json')).toEqual({});
  });

  it('is of a file where there is no such topic', async () => {
    expect(await names().find('package.json')).toEqual({});
    expect(await names().find(join(process.cwd(), 'package.json'))).toEqual({});
    expect(await names().find('-')).toEqual({});
  });

  it('that is of neither is an error that says both, and which topics there are', async () => {
    await write('web', []);
    await expect(names().find('wbe')).rejects.toThrow(
      /^there is no file wbe; its full path would be \/.*\/wbe\. Nor is there a topic wbe at here: it has web$/,
    );
  });

  it('is of a file also where the log cannot be opened, and says so', async () => {
    const broken = new InspectedNames({
      open: async () => {
        throw new Error('no broker');
      },
      place: 'here',
    });
    expect(await broken.find('package.json')).toEqual({
      note: 'this is the file package.json; topics could not be looked up: no broker',
    });
    await expect(broken.find('wbe')).rejects.toThrow('no broker');
    await broken.close();
  });
});
