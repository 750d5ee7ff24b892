import { LogError } from '@millrace/streams';
import { SchemaError } from '../../schemas/schema-error.js';

/** Whether what failed did so because it was told to stop while it waited for a service. */
export function isInterruption(error: unknown): boolean {
  return (
    (error instanceof LogError && error.code === 'LOG_CLOSED') ||
    (error instanceof SchemaError && error.code === 'REGISTRY_CLOSED')
  );
}
