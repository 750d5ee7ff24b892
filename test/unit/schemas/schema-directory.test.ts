import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avsc, { type Schema } from 'avsc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SchemaDirectory, SchemaFileError } from '../../../schemas/schema-directory.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-schemas-'));
  path = join(directory, 'data', 'schemas.json');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('SchemaDirectory', () => {
  it('gives a schema the same id again, also after it was reopened', async () => {
    const schemas = new SchemaDirectory(path);
    expect(await schemas.register('a-value', 'string')).toBe(1);
    expect(await schemas.register('a-value', 'long')).toBe(2);
    const reopened = new SchemaDirectory(path);
    expect(await reopened.register('a-value', 'string')).toBe(1);
    expect(await reopened.register('b-value', 'long')).toBe(2);
    expect(reopened.schemaById(2)).toBe('long');
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('takes "%s" for a subject as any other', async (subject) => {
    const schemas = new SchemaDirectory(path);
    await expect(schemas.register(subject, 'string', { autoRegister: false })).rejects.toMatchObject({
      code: 'SCHEMA_NOT_REGISTERED',
    });
    expect(await schemas.register(subject, 'string')).toBe(1);
    expect(await new SchemaDirectory(path).register(subject, 'string')).toBe(1);
  });

  it('gives different ids to schemas that are registered at once', async () => {
    const schemas = new SchemaDirectory(path);
    const ids = await Promise.all(['int', 'long', 'string'].map((schema) => schemas.register(schema, schema as 'int')));
    expect(ids).toEqual([1, 2, 3]);
  });

  it('only finds a schema where nothing may be registered', async () => {
    const schemas = new SchemaDirectory(path);
    const found = () => schemas.register('a-value', 'string', { autoRegister: false });
    await expect(found()).rejects.toMatchObject({ code: 'SCHEMA_NOT_REGISTERED' });
    const id = await schemas.register('a-value', 'string');
    expect(await found()).toBe(id);
  });

  it('keeps a schema together with the types that it refers to', async () => {
    const place: Schema = { type: 'record', name: 'Place', fields: [{ name: 'city', type: 'string' }] };
    const visit: Schema = { type: 'record', name: 'Visit', fields: [{ name: 'at', type: 'Place' }] };
    const references = [{ name: 'Place', subject: 'Place', schema: place }];
    const schemas = new SchemaDirectory(path);
    const id = await schemas.register('a-value', visit, { references });
    expect(await schemas.register('a-value', visit, { references })).toBe(id);
    const bytes = avsc.Type.forSchema(new SchemaDirectory(path).schemaById(id)).toBuffer({ at: { city: 'Bern' } });
    // A string: its length, zigzag 4 -> 8, and its bytes.
    expect([...bytes]).toEqual([8, 66, 101, 114, 110]);
  });

  it('finds what another process has registered since', async () => {
    const schemas = new SchemaDirectory(path);
    await new SchemaDirectory(path).register('a-value', 'string');
    expect(schemas.schemaById(1)).toBe('string');
    expect(() => schemas.schemaById(2)).toThrow('no schema has the id 2');
  });

  it('keeps what several registries on one file register at once', async () => {
    const registries = Array.from({ length: 5 }, () => new SchemaDirectory(path));
    const named = (name: string): Schema => ({ type: 'record', name, fields: [] });
    const ids = await Promise.all(registries.map((registry, i) => registry.register('s', named(`R${i}`))));
    expect([...ids].sort()).toEqual([1, 2, 3, 4, 5]);
    const reopened = new SchemaDirectory(path);
    expect(ids.map((id) => reopened.schemaById(id))).toEqual([0, 1, 2, 3, 4].map((i) => named(`R${i}`)));
    expect(await readdir(join(directory, 'data'))).toEqual(['schemas.json']);
  });

  it('is not held up by a process that died while it registered', async () => {
    await mkdir(join(directory, 'data'));
    await writeFile(`${path}.lock`, '');
    await writeFile(`${path}.tmp`, '{"schemas": ');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    expect(await new SchemaDirectory(path).register('a-value', 'string')).toBe(1);
    expect(await readdir(join(directory, 'data'))).toEqual(['schemas.json']);
  });

  it.each([
    { what: 'is cut off', text: '{"schemas": ' },
    { what: 'holds something else', text: '[]' },
    { what: 'has a schema without an id', text: '{"schemas": [{"schema": "int"}], "subjects": {}}' },
    { what: 'has one id twice', text: '{"schemas": [{"id":1,"schema":"int"},{"id":1,"schema":"long"}],"subjects":{}}' },
  ])('says which file is damaged when it $what', async ({ text }) => {
    const damaged = join(directory, 'schemas.json');
    await writeFile(damaged, text);
    expect(() => new SchemaDirectory(damaged)).toThrow(SchemaFileError);
    expect(() => new SchemaDirectory(damaged)).toThrow(damaged);
  });
});
