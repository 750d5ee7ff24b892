import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SchemaFolder } from '../../../schemas/schema-folder.js';
import { subjectsOf } from '../../../schemas/subjects.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-schemas-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Writes a record of these fields, each `name: type`. */
async function file(name: string, type: string, fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const schema = {
    type: 'record',
    name: type,
    fields: Object.entries(fields).map(([field, fieldType]) => ({ name: field, type: fieldType })),
  };
  await writeFile(join(directory, `${name}.avsc`), JSON.stringify(schema));
}

describe('SchemaFolder', () => {
  it.each([
    { where: 'as a field', type: 'shop.Item' },
    { where: 'in an array', type: { type: 'array', items: 'shop.Item' } },
    { where: 'in a map', type: { type: 'map', values: 'shop.Item' } },
    { where: 'in a union', type: ['null', 'shop.Item'] },
    { where: 'by its short name, in its namespace', type: 'Item' },
    {
      where: 'in a record of the field, by the namespace around it',
      type: { type: 'record', name: 'Line', fields: [{ name: 'item', type: 'Item' }] },
    },
  ])('finds a type of another file that is used $where', async ({ type }) => {
    await file('item', 'shop.Item', { price: 'double' });
    await file('order', 'shop.Order', { it: type });
    const { references } = new SchemaFolder(directory).definition('order');
    expect(references).toMatchObject([{ name: 'shop.Item', subject: 'shop.Item', references: [] }]);
  });

  it('takes for its own what the file defines itself', async () => {
    const inner = { type: 'enum', name: 'Size', symbols: ['S', 'L'] };
    await file('size', 'other.Size');
    await file('order', 'shop.Order', { size: inner, before: ['null', 'Size'], sent: ['null', 'shop.Size'] });
    expect(new SchemaFolder(directory).definition('order').references).toEqual([]);
  });

  it.each([
    { what: 'uses a type that is nowhere', files: [['a', 'A', { x: 'Missing' }]], message: /a\.avsc .* type Missing/ },
    {
      what: 'uses a type that two files define',
      files: [
        ['a', 'A', { x: 'B' }],
        ['b1', 'B'],
        ['b2', 'B'],
      ],
      message: /type B, which .*b1\.avsc and .*b2\.avsc define/,
    },
    {
      what: 'uses one that uses it',
      files: [
        ['a', 'A', { x: 'B' }],
        ['b', 'B', { y: 'A' }],
      ],
      message: /use each other/,
    },
    {
      what: 'has a field whose name Avro does not take',
      files: [['a', 'A', { 'x-y': 'int' }]],
      message: /a\.avsc .*x-y/,
    },
  ] as const)('refuses a file that $what', async ({ files, message }) => {
    for (const [name, type, fields] of files) await file(name, type, fields);
    const refusal = { code: 'SCHEMA_INVALID', message: expect.stringMatching(message) };
    expect(() => new SchemaFolder(directory).definition('a')).toThrow(expect.objectContaining(refusal));
  });

  it('says which file is not JSON, and which folder has no schemas', async () => {
    expect(() => new SchemaFolder(directory)).toThrow(directory);
    expect(() => new SchemaFolder(join(directory, 'nowhere'))).toThrow(join(directory, 'nowhere'));
    await writeFile(join(directory, 'cut.avsc'), '{"type": ');
    expect(() => new SchemaFolder(directory)).toThrow(join(directory, 'cut.avsc'));
  });
});

describe('the subjects of a folder', () => {
  it("are the topics' for the application's files, types for those that others use, file names else", async () => {
    await file('access-log', 'AccessLog', { item: 'shop.Item' });
    await file('orders-value', 'shop.Order', { item: 'shop.Item' });
    await file('z-price', 'shop.Price', { amount: 'double' });
    await file('item', 'shop.Item', { price: 'Price' });
    const found = subjectsOf(new SchemaFolder(directory), { ...DEFAULT_APPLICATION_CONFIG.topics, accessLog: 'logs' });
    // What others use comes before them, for it is registered first.
    expect(found.map(({ file, subject }) => [file, subject])).toEqual([
      ['z-price', 'shop.Price'],
      ['item', 'shop.Item'],
      ['access-log', 'logs-value'],
      ['orders-value', 'orders-value'],
    ]);
  });
});
