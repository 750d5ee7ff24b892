import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Schema } from 'avsc';
import type { SchemaRegistry } from '../streams/serde/schema-registry.js';

interface Registered {
  readonly id: number;
  readonly schema: Schema;
}

interface SchemaFile {
  readonly schemas: readonly Registered[];
  /** The ids of each subject's versions, the oldest first. */
  readonly subjects: Readonly<Record<string, readonly number[]>>;
}

const EMPTY: SchemaFile = { schemas: [], subjects: {} };

/** The schema file cannot be read; it is what gives ids in the log their meaning. */
export class SchemaFileError extends Error {
  constructor(path: string, cause: Error) {
    super(
      `the schema file ${path} cannot be read: ${cause.message}; without it the records of the log cannot be decoded`,
      {
        cause,
      },
    );
    this.name = 'SchemaFileError';
  }
}

/** A schema registry in one file of the data directory. Ids are given once and never change. */
export class SchemaDirectory implements SchemaRegistry {
  readonly #path: string;
  #file: SchemaFile;
  #write: Promise<unknown> = Promise.resolve();

  /** @throws SchemaFileError */
  constructor(path: string) {
    this.#path = path;
    this.#file = read(path);
  }

  register(subject: string, schema: Schema): Promise<number> {
    const registration = this.#write.then(() => this.#register(subject, schema));
    this.#write = registration.catch(() => {});
    return registration;
  }

  schemaById(id: number): Schema {
    const known = this.#find(id);
    if (known !== undefined) return known;
    // Another process may have registered it since.
    this.#file = read(this.#path);
    const found = this.#find(id);
    if (found === undefined) throw new Error(`no schema has the id ${id} in ${this.#path}`);
    return found;
  }

  async #register(subject: string, schema: Schema): Promise<number> {
    this.#file = read(this.#path);
    const { schemas, subjects } = this.#file;
    const text = JSON.stringify(schema);
    const versions = subjects[subject] ?? [];
    const same = schemas.find((registered) => JSON.stringify(registered.schema) === text);
    if (same !== undefined && versions.includes(same.id)) return same.id;
    const id = same?.id ?? Math.max(0, ...schemas.map((registered) => registered.id)) + 1;
    this.#file = {
      schemas: same === undefined ? [...schemas, { id, schema }] : schemas,
      subjects: { ...subjects, [subject]: [...versions, id] },
    };
    await mkdir(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(`${JSON.stringify(this.#file, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
    return id;
  }

  #find(id: number): Schema | undefined {
    return this.#file.schemas.find((registered) => registered.id === id)?.schema;
  }
}

function read(path: string): SchemaFile {
  if (!existsSync(path)) return EMPTY;
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as SchemaFile;
    if (!Array.isArray(file.schemas)) throw new Error('it has no list of schemas');
    return file;
  } catch (cause) {
    throw new SchemaFileError(path, cause as Error);
  }
}
