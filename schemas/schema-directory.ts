import { readFileSync, type Stats, statSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MillraceError } from '@millrace/streams';
import { avroType, type RegistrationOptions, type SchemaRegistry } from '@millrace/streams/avro';
import { makePrivateDirectory } from '@millrace/streams/embedded';
import type { Schema } from 'avsc';
import { z } from 'zod';
import { syncDirectory } from './durable.js';
import type { RegisteredVersion } from './registry-api.js';
import type { SchemaCatalogue } from './schema-catalogue.js';
import { SchemaError } from './schema-error.js';

const schemaFile = z.object({
  schemas: z
    .array(z.object({ id: z.int().positive(), schema: z.custom<Schema>((schema) => schema !== undefined) }))
    .refine((schemas) => new Set(schemas.map(({ id }) => id)).size === schemas.length, 'two schemas have the same id'),
  /** The ids of each subject's versions, the oldest first. */
  subjects: z.record(z.string(), z.array(z.int().positive())),
});

type SchemaFile = z.infer<typeof schemaFile>;

const EMPTY: SchemaFile = { schemas: [], subjects: {} };

/** A registration takes milliseconds; a lock as old as this is one of a process that died. */
const LOCK_STALE_MS = 10_000;
const LOCK_POLL_MS = 10;

/** The schema file cannot be read; it is what gives ids in the log their meaning. */
export class SchemaFileError extends MillraceError<'SCHEMA_FILE_UNREADABLE'> {
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(
      'SCHEMA_FILE_UNREADABLE',
      `the schema file ${path} cannot be read: ${why}; without it the records of the log cannot be decoded`,
      options,
    );
  }
}

/**
 * A schema registry in one file of the data directory. Ids are given once and never change, also when several processes
 * register at the same time.
 */
export class SchemaDirectory implements SchemaRegistry, SchemaCatalogue {
  readonly #path: string;
  #file: SchemaFile = EMPTY;
  /** What `#file` was read from; a registration replaces the file by another. */
  #stats: Stats | undefined;
  /** Registrations of this process come one after the other, so that their ids follow the order of the calls. */
  #lastRegistration: Promise<unknown> = Promise.resolve();

  /** @throws SchemaFileError */
  constructor(path: string) {
    this.#path = path;
    this.#refresh();
  }

  register(subject: string, schema: Schema, options: RegistrationOptions = {}): Promise<number> {
    const { autoRegister = true, references = [] } = options;
    // What is in the file stands alone.
    const whole = references.length === 0 ? schema : avroType(schema, references).schema({ exportAttrs: true });
    const registration = this.#lastRegistration.then(() => this.#register(subject, whole, autoRegister));
    this.#lastRegistration = registration.catch(() => {});
    return registration;
  }

  schemaById(id: number): Schema {
    const known = this.#find(id);
    if (known !== undefined) return known;
    // Another process may have registered it since.
    this.#refresh();
    const found = this.#find(id);
    if (found === undefined) throw new Error(`no schema has the id ${id} in ${this.#path}`);
    return found;
  }

  async subjects(): Promise<readonly string[]> {
    this.#refresh();
    return Object.keys(this.#file.subjects).sort();
  }

  async versionsOf(subject: string): Promise<readonly RegisteredVersion[]> {
    this.#refresh();
    return this.#idsOf(subject).flatMap((id, index) => {
      const schema = this.#find(id);
      return schema === undefined ? [] : [{ version: index + 1, id, schema, references: [] }];
    });
  }

  async #register(subject: string, schema: Schema, autoRegister: boolean): Promise<number> {
    this.#refresh();
    const known = this.#registered(subject, schema);
    if (known !== undefined) return known;
    if (!autoRegister) {
      throw new SchemaError('SCHEMA_NOT_REGISTERED', `the schema of ${subject} is not registered in ${this.#path}`);
    }
    await makePrivateDirectory(dirname(this.#path));
    return this.#locked(() => {
      // Another process may have been faster.
      this.#refresh();
      return this.#registered(subject, schema) ?? this.#add(subject, schema);
    });
  }

  #find(id: number): Schema | undefined {
    return this.#file.schemas.find((registered) => registered.id === id)?.schema;
  }

  #idOf(schema: Schema): number | undefined {
    const text = JSON.stringify(schema);
    return this.#file.schemas.find((registered) => JSON.stringify(registered.schema) === text)?.id;
  }

  #registered(subject: string, schema: Schema): number | undefined {
    const id = this.#idOf(schema);
    return id !== undefined && this.#idsOf(subject).includes(id) ? id : undefined;
  }

  #idsOf(subject: string): readonly number[] {
    const { subjects } = this.#file;
    // A subject may be called as what every object has.
    return (Object.hasOwn(subjects, subject) ? subjects[subject] : undefined) ?? [];
  }

  async #add(subject: string, schema: Schema): Promise<number> {
    const { schemas, subjects } = this.#file;
    const same = this.#idOf(schema);
    const id = same ?? Math.max(0, ...schemas.map((registered) => registered.id)) + 1;
    const changed: SchemaFile = {
      schemas: same === undefined ? [...schemas, { id, schema }] : schemas,
      subjects: { ...subjects, [subject]: [...this.#idsOf(subject), id] },
    };
    // Synced before it is renamed, and the directory after: the log must not get ids that a power cut takes away.
    const temporary = `${this.#path}.tmp`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(`${JSON.stringify(changed, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
    await syncDirectory(dirname(this.#path));
    this.#refresh();
    return id;
  }

  async #locked<T>(work: () => T | Promise<T>): Promise<T> {
    const lock = `${this.#path}.lock`;
    for (;;) {
      try {
        await (await open(lock, 'wx')).close();
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const since = await stat(lock).catch(() => undefined);
      if (since === undefined) continue;
      if (Date.now() - since.mtimeMs > LOCK_STALE_MS) await rm(lock, { force: true });
      else await setTimeout(LOCK_POLL_MS);
    }
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  /** Reads the file again if it is another one than last time. @throws SchemaFileError */
  #refresh(): void {
    const stats = statSync(this.#path, { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (stats.ino === this.#stats?.ino && stats.mtimeMs === this.#stats.mtimeMs && stats.size === this.#stats.size)
      return;
    this.#file = read(this.#path);
    this.#stats = stats;
  }
}

function read(path: string): SchemaFile {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new SchemaFileError(path, (cause as Error).message, { cause });
  }
  const { data, error } = schemaFile.safeParse(content);
  if (error !== undefined) {
    const why = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join(', ');
    throw new SchemaFileError(path, why, { cause: error });
  }
  return data;
}
