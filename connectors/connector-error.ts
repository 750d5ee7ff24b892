import { MillraceError } from '@millrace/streams';

/** A connector, or what it needs, cannot be applied; the message says which, why and what to do. */
export class ConnectorError extends MillraceError<
  | 'FILE_INVALID'
  | 'VARIABLE_MISSING'
  | 'UNKNOWN_CONNECTOR'
  | 'SERVICE_AWAY'
  | 'SERVICE_BUSY'
  | 'SERVICE_REFUSED'
  | 'PLUGIN_MISSING'
  | 'CONFIG_INVALID'
  | 'TASK_FAILED'
  | 'NOT_RUNNING'
> {}
