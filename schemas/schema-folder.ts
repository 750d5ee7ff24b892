import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { avroType, type SchemaReference } from '@millrace/streams/avro';
import type { Schema } from 'avsc';
import { SchemaError } from './schema-error.js';

const EXTENSION = '.avsc';

/** A schema with the schemas of other files that it uses. */
export interface SchemaDefinition {
  readonly schema: Schema;
  readonly references: readonly SchemaReference[];
}

interface SchemaFile {
  readonly path: string;
  readonly schema: Schema;
  /** The full name of the type that the file is about. */
  readonly name: string | undefined;
  /** The full names of the types that it uses and does not define. */
  readonly uses: readonly string[];
}

/**
 * The schemas of a folder, a file each. A file may use a type that another file of the folder is about by its name, as
 * if it stood there; such a type has a subject of its own, which is its full name.
 */
export class SchemaFolder {
  readonly #files = new Map<string, SchemaFile>();
  /** The files that are about a type; more than one may be, unless another file uses the type. */
  readonly #byType = new Map<string, SchemaFile[]>();

  /** @throws SchemaError SCHEMA_INVALID */
  constructor(directory: string) {
    for (const file of schemaFiles(directory)) {
      this.#files.set(basename(file.path, EXTENSION), file);
      if (file.name === undefined) continue;
      this.#byType.set(file.name, [...(this.#byType.get(file.name) ?? []), file]);
    }
  }

  /** The files' names, without their extension. */
  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** The types that other files of the folder use, those that they use themselves before them. */
  get referenced(): readonly SchemaReference[] {
    const found = new Map<string, SchemaReference>();
    const collect = ({ references }: { readonly references?: readonly SchemaReference[] }) => {
      for (const reference of references ?? []) {
        collect(reference);
        found.set(reference.name, reference);
      }
    };
    for (const name of this.names) collect(this.definition(name));
    return [...found.values()];
  }

  /** @throws SchemaError SCHEMA_INVALID when the file is not there, or is not a schema */
  definition(name: string): SchemaDefinition {
    const file = this.#files.get(name);
    if (file === undefined) throw new SchemaError('SCHEMA_INVALID', `there is no schema ${name}${EXTENSION}`);
    const definition = { schema: file.schema, references: this.#references(file, []) };
    try {
      avroType(definition.schema, definition.references);
    } catch (cause) {
      throw invalid(file.path, (cause as Error).message, { cause });
    }
    return definition;
  }

  #references(file: SchemaFile, users: readonly SchemaFile[]): SchemaReference[] {
    return file.uses.map((name) => {
      const [used, other] = this.#byType.get(name) ?? [];
      if (used === undefined) throw invalid(file.path, `it uses the type ${name}, which no file here defines`);
      if (other !== undefined) {
        throw invalid(file.path, `it uses the type ${name}, which ${used.path} and ${other.path} define`);
      }
      if (used === file || users.includes(used)) throw invalid(file.path, `it and ${used.path} use each other`);
      return { name, subject: name, schema: used.schema, references: this.#references(used, [...users, file]) };
    });
  }
}

function schemaFiles(directory: string): SchemaFile[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (cause) {
    throw new SchemaError('SCHEMA_INVALID', `schemas cannot be read: ${(cause as Error).message}`, { cause });
  }
  const files = names.filter((name) => name.endsWith(EXTENSION)).sort();
  if (files.length === 0) throw new SchemaError('SCHEMA_INVALID', `there are no *${EXTENSION} files in ${directory}`);
  return files.map((name) => schemaFile(join(directory, name)));
}

function schemaFile(path: string): SchemaFile {
  let schema: Schema;
  try {
    schema = JSON.parse(readFileSync(path, 'utf8')) as Schema;
  } catch (cause) {
    throw invalid(path, (cause as Error).message, { cause });
  }
  const { defined, used } = typeNames(schema);
  const hasName = typeof (schema as { name?: unknown } | null)?.name === 'string';
  const [name] = hasName ? defined : [];
  return { path, schema, name, uses: [...used].filter((other) => !defined.has(other)) };
}

const BUILT_IN = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

interface TypeNames {
  readonly defined: Set<string>;
  readonly used: Set<string>;
}

/** The full names of the types that a schema defines, its own first, and of those that it uses. */
function typeNames(schema: unknown): TypeNames {
  const names: TypeNames = { defined: new Set(), used: new Set() };
  collectTypeNames(schema, '', names);
  return names;
}

function collectTypeNames(schema: unknown, namespace: string, names: TypeNames): void {
  if (typeof schema === 'string') {
    if (!BUILT_IN.has(schema)) names.used.add(fullName(schema, namespace));
    return;
  }
  if (Array.isArray(schema)) {
    for (const branch of schema) collectTypeNames(branch, namespace, names);
    return;
  }
  if (typeof schema !== 'object' || schema === null) return;
  const { fields, items, name, namespace: own, type, values } = schema as Record<string, unknown>;
  if (typeof name !== 'string') {
    collectTypeNames(type === 'array' ? items : type === 'map' ? values : type, namespace, names);
    return;
  }
  const defined = fullName(name, typeof own === 'string' ? own : namespace);
  names.defined.add(defined);
  if (!Array.isArray(fields)) return;
  const inner = defined.slice(0, Math.max(0, defined.lastIndexOf('.')));
  for (const field of fields) collectTypeNames((field as { type?: unknown } | null)?.type, inner, names);
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function invalid(path: string, why: string, options?: ErrorOptions): SchemaError {
  return new SchemaError('SCHEMA_INVALID', `${path} is not a schema that can be used: ${why}`, options);
}
