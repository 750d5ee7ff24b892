/** Of the states of a service. */
export const HEALTH = { healthy: 'green', degraded: 'orange', down: 'red' } as const;

/** Of severities and states of incidents and alerts, in tables. */
export const SEVERITY = {
  ...{ info: 'blue', warning: 'orange', critical: 'red' },
  ...{ opened: 'red', ongoing: 'orange', resolved: 'green' },
} as const;
