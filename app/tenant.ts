import { join } from 'node:path';

/**
 * Small letters, for an index of Elasticsearch has no others; no dot, which ends the prefix: so no tenant's prefix begins
 * with another's.
 */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

export const TENANT_RULE = '1 to 32 small letters, digits and -, a letter or digit first and last';

export function isTenant(text: string): boolean {
  return NAME.test(text);
}

/** What the names of a tenant's topics, groups, subjects, connectors, indices and measurements begin with. */
export function tenantPrefix(tenant: string): string {
  return `${tenant}.`;
}

/** Where a tenant's log, state, lake and models are, in the data directory of all. */
export function tenantDirectory(dataDirectory: string, tenant: string): string {
  return join(dataDirectory, 'tenants', tenant);
}
