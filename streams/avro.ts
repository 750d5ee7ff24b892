/** Records in Avro, with the ids of a schema registry. */
export { AvroSerde, type AvroSerdeOptions, avroType } from './serde/avro.js';
export type { RegistrationOptions, SchemaReference, SchemaRegistry } from './serde/schema-registry.js';
