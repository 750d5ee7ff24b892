import type { RegisteredVersion } from './registry-api.js';

/** What a registry holds, for those who look. */
export interface SchemaCatalogue {
  /** @throws SchemaError when the registry does not answer */
  subjects(): Promise<readonly string[]>;
  /** The oldest first; empty when there is no such subject. @throws SchemaError */
  versionsOf(subject: string): Promise<readonly RegisteredVersion[]>;
}
