import { MillraceError } from '@millrace/streams';

/** A failure of schemas or their registry that a user can act upon; `code` is stable, the message says what to do. */
export class SchemaError extends MillraceError<
  | 'REGISTRY_UNAVAILABLE'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_WRONG_ADDRESS'
  | 'REGISTRY_CLOSED'
  | 'SCHEMA_ID_UNKNOWN'
  | 'SCHEMA_INCOMPATIBLE'
  | 'SCHEMA_INVALID'
  | 'SCHEMA_NOT_REGISTERED'
> {}
