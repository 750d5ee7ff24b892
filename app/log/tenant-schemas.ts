import type { RegistrationOptions, SchemaReference, SchemaRegistry } from '@millrace/streams/avro';
import type { Schema } from 'avsc';
import type { RegisteredVersion } from '../../schemas/registry-api.js';
import type { SchemaCatalogue } from '../../schemas/schema-catalogue.js';

/** The subjects of a registry that are a tenant's. Ids are the registry's: a record says by one how it was written. */
export class TenantSchemas implements SchemaRegistry, SchemaCatalogue {
  readonly #schemas: SchemaRegistry & SchemaCatalogue;
  readonly #prefix: string;

  constructor(schemas: SchemaRegistry & SchemaCatalogue, prefix: string) {
    this.#schemas = schemas;
    this.#prefix = prefix;
  }

  register(subject: string, schema: Schema, options: RegistrationOptions = {}): Promise<number> {
    const references = options.references?.map((reference) => this.#prefixed(reference));
    return this.#schemas.register(this.#prefix + subject, schema, {
      ...options,
      ...(references === undefined ? {} : { references }),
    });
  }

  schemaById(id: number): Schema {
    return this.#schemas.schemaById(id);
  }

  async subjects(): Promise<readonly string[]> {
    const all = await this.#schemas.subjects();
    return all
      .filter((subject) => subject.startsWith(this.#prefix))
      .map((subject) => subject.slice(this.#prefix.length));
  }

  versionsOf(subject: string): Promise<readonly RegisteredVersion[]> {
    return this.#schemas.versionsOf(this.#prefix + subject);
  }

  #prefixed(reference: SchemaReference): SchemaReference {
    const references = reference.references?.map((each) => this.#prefixed(each));
    return {
      ...reference,
      subject: this.#prefix + reference.subject,
      ...(references === undefined ? {} : { references }),
    };
  }
}
