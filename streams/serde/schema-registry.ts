import type { Schema } from 'avsc';

/**
 * Gives each schema an id and finds it again, as Confluent's Schema Registry does. Look-ups are synchronous, for ids are
 * needed while records are decoded.
 */
export interface SchemaRegistry {
  /** Registers the schema as the subject's newest version; the same schema gets the same id again. */
  register(subject: string, schema: Schema): Promise<number>;
  /** @throws Error when no schema has the id, SerdePendingError when it must be fetched first */
  schemaById(id: number): Schema;
}
