import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('gives different ids to schemas that are registered at once', async () => {
    const schemas = new SchemaDirectory(path);
    const ids = await Promise.all(['int', 'long', 'string'].map((schema) => schemas.register(schema, schema as 'int')));
    expect(ids).toEqual([1, 2, 3]);
  });

  it('finds what another process has registered since', async () => {
    const schemas = new SchemaDirectory(path);
    await new SchemaDirectory(path).register('a-value', 'string');
    expect(schemas.schemaById(1)).toBe('string');
    expect(() => schemas.schemaById(2)).toThrow('no schema has the id 2');
  });

  it('says which file is damaged', async () => {
    await writeFile(join(directory, 'schemas.json'), '{"schemas": ');
    expect(() => new SchemaDirectory(join(directory, 'schemas.json'))).toThrow(SchemaFileError);
  });
});
