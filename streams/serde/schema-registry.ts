import type { Schema } from 'avsc';

/** A schema of its own subject, whose type another schema uses by its name. */
export interface SchemaReference {
  /** The type's full name, such as `millrace.Place`. */
  readonly name: string;
  readonly subject: string;
  readonly schema: Schema;
  /** The types that it uses itself. */
  readonly references?: readonly SchemaReference[];
}

export interface RegistrationOptions {
  /** The types of other subjects that the schema uses. */
  readonly references?: readonly SchemaReference[];
  /**
   * False: the schema is looked up, and never added. For registries that only a release may write to. Default: what the
   * registry is set to, which is true unless said otherwise.
   */
  readonly autoRegister?: boolean;
}

/**
 * Gives each schema an id and finds it again, as Confluent's Schema Registry does. Look-ups are synchronous, for ids are
 * needed while records are decoded.
 */
export interface SchemaRegistry {
  /**
   * Registers the schema as the subject's newest version; the same schema gets the same id again.
   *
   * @throws Error when it is refused, or when it is not registered and may only be looked up
   */
  register(subject: string, schema: Schema, options?: RegistrationOptions): Promise<number>;
  /**
   * @returns a schema that stands alone: the types that it refers to are in it
   * @throws Error when no schema has the id, SerdePendingError when it must be fetched first
   */
  schemaById(id: number): Schema;
}
