/** What a route is asked in the test of the contract. */
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of what is answered; default the good one. */
  readonly status?: number;
}

/** Names of what the test's pipeline has found. */
export interface Known {
  readonly service: string;
  readonly host: string;
  readonly sensor: string;
  readonly incident: string;
  readonly line: string;
}

/** Examples of every route of the table, by `method path`; a route without one fails the test. */
export function examplesOf({
  host,
  incident,
  line,
  sensor,
  service,
}: Known): Readonly<Record<string, readonly Example[]>> {
  const list: readonly Example[] = [{}, { query: { limit: '2' } }, { query: { limit: '0' }, status: 400 }];
  const ofIncident = (body: unknown): readonly Example[] => [
    { params: { id: incident }, body },
    { params: { id: 'none' }, body, status: 404 },
  ];
  const lines: readonly Example[] = [
    {},
    { query: { q: 'level:ERROR -service:none' } },
    { query: { source: 'requests', q: 'status:>=400' } },
    { query: { source: 'dead-letters' } },
    { query: { from: '0' } },
    { query: { q: 'level:' }, status: 400 },
    { query: { from: 'yesterday' }, status: 400 },
    { query: { from: '5', to: '4' }, status: 400 },
  ];
  return {
    'get /metrics': [
      {},
      { query: { from: 'latest-5m', step: '30s' } },
      { query: { step: '1', from: '0' }, status: 400 },
    ],
    'get /services': [{}],
    'get /services/{name}': [{ params: { name: service } }, { params: { name: 'none' }, status: 404 }],
    // No pipeline runs that could be asked.
    'get /services/{name}/forecast': [{ params: { name: service }, status: 404 }],
    'get /hosts': [{}],
    'get /hosts/{host}': [{ params: { host } }, { params: { host: 'none' }, status: 404 }],
    'get /hosts/{host}/forecast': [{ params: { host }, status: 404 }],
    'get /sensors': [{}],
    'get /sensors/{id}': [{ params: { id: sensor } }, { params: { id: 'none' }, status: 404 }],
    'get /goals/{goal}': [
      ...['1', '2', '3', '4', 'server-errors'].map((goal) => ({ params: { goal } })),
      { params: { goal: '5' }, status: 400 },
    ],
    'get /anomalies': [...list, { query: { state: 'opened', severity: 'critical' } }],
    'get /incidents': [...list, { query: { state: 'open' } }, { query: { cursor: 'e30' }, status: 400 }],
    'get /incidents/{id}': [{ params: { id: incident } }, { params: { id: 'none' }, status: 404 }],
    'post /incidents/{id}/ack': ofIncident({}),
    'post /incidents/{id}/resolve': ofIncident({ note: 'over' }),
    'post /incidents/{id}/feedback': [
      ...ofIncident({ was_fine: true, note: null, for: '2h' }),
      { params: { id: incident }, body: { was_fine: true, for: '1y' }, status: 400 },
      { params: { id: incident }, body: { was_fine: true, until: '2000-01-01' }, status: 422 },
      { params: { id: incident }, body: { was_fine: true, time_zone: 'Nowhere/Town' }, status: 400 },
      { params: { id: incident }, body: { was_fine: true, at_this_time_of_day: true, entities: 'alike' } },
    ],
    'post /incidents/{id}/silence': [
      ...ofIncident({ for: '2h', reason: 'a test' }),
      { params: { id: incident }, body: { for: '1y', reason: 'a test' }, status: 400 },
    ],
    'get /logs': [...lines, { query: { limit: '3' } }],
    'get /logs/export': [
      { query: { limit: '3' } },
      { query: { source: 'requests', format: 'csv', limit: '3' } },
      { query: { format: 'parquet', limit: '3' } },
      { query: { format: 'xlsx' }, status: 400 },
      { query: { q: 'level:' }, status: 400 },
    ],
    'get /logs/histogram': lines,
    'get /logs/facets': [...lines, { query: { fields: 'level,none' } }],
    'get /logs/patterns': lines,
    'get /logs/compare': [...lines, { query: { q: 'level:ERROR', with: 'before' } }],
    'get /logs/context/{id}': [{ params: { id: line } }, { params: { id: 'none/0/1' }, status: 404 }],
    'get /events': [{}, { query: { types: 'none' }, status: 400 }],
    'post /events/ticket': [{}],
    'get /topology': [{}],
    'get /topology/metrics': [{}],
    'get /stores': [{}],
    'get /stores/{name}': [
      { params: { name: 'none' }, query: { key: 'a', from: '0', to: '9' }, status: 404 },
      { params: { name: 'none' }, query: { limit: '0' }, status: 400 },
    ],
    'get /topics': [{}],
    'get /topics/{name}/records': [
      { params: { name: 'logs' }, query: { limit: '5' } },
      { params: { name: 'none' }, status: 404 },
      { params: { name: '../x' }, status: 400 },
    ],
    'get /dead-letters': list,
    'post /dead-letters/replay': [
      { body: { reason: 'nothing has this reason' } },
      { body: { ids: ['test-inter-dlq/0/99999999', 'not an id'] } },
      { body: { ids: [] }, status: 400 },
      { body: {}, status: 400 },
    ],
    'get /connectors': [{}],
    'get /connectors/{name}': [{ params: { name: 'elasticsearch-goals' } }, { params: { name: 'none' }, status: 404 }],
    'get /schemas': [{}],
    'get /schemas/{subject}': [{ params: { subject: 'alerts-value' } }, { params: { subject: 'none' }, status: 404 }],
    'get /schemas/{subject}/versions/{version}': [
      { params: { subject: 'alerts-value', version: '1' } },
      { params: { subject: 'alerts-value', version: 'latest' } },
      { params: { subject: 'alerts-value', version: '99' }, status: 404 },
      { params: { subject: 'alerts-value', version: 'newest' }, status: 400 },
    ],
    'post /query': [
      { body: { sql: 'SELECT kind, count(*) AS records FROM logs GROUP BY kind ORDER BY kind' } },
      { body: { sql: "SELECT * FROM read_text('/etc/passwd')" }, status: 422 },
      { body: { sql: '' }, status: 400 },
    ],
    'post /query/export': [
      { body: { sql: 'SELECT kind, count(*) AS records FROM logs GROUP BY kind ORDER BY kind' } },
      { body: { sql: 'SELECT kind FROM logs LIMIT 2', format: 'csv' } },
      { body: { sql: 'SELECT kind FROM logs LIMIT 2', format: 'ndjson', max_rows: 1 }, status: 422 },
      { body: { sql: "SELECT * FROM read_text('/etc/passwd')" }, status: 422 },
      { body: { sql: 'SELECT 1', format: 'xlsx' }, status: 400 },
    ],
    'get /query/tables': [{}],
    'delete /query/{id}': [{ params: { id: 'none' }, status: 404 }],
    'post /queries': [
      { body: { name: 'all', sql: 'SELECT count(*) FROM logs' } },
      { body: { name: ' ', sql: 'SELECT 1' }, status: 400 },
    ],
    'get /queries': [{}],
    'delete /queries/{id}': [{ params: { id: 'none' }, status: 404 }],
    ...alerting(list),
    // Nobody signs in here: auth.test.ts has those.
    'post /auth/token': [
      { body: { name: 'ada', password: 'a long password' }, status: 404 },
      { body: {}, status: 400 },
    ],
    'post /auth/setup': [{ body: { token: 'none' }, status: 404 }],
    'post /auth/refresh': [{ status: 404 }],
    'post /auth/logout': [{ status: 404 }],
    'get /auth/session': [{}],
    'get /me': [{}],
    'put /me/password': [{ body: { password: 'a long password' }, status: 404 }],
    'get /settings': [{}],
    'get /users': [{ status: 404 }],
    'post /users': [{ body: { name: 'ada', role: 'viewer', password: 'a long password' }, status: 404 }],
    'put /users/{name}': [{ params: { name: 'ada' }, body: { role: 'viewer' }, status: 404 }],
    'delete /users/{name}': [{ params: { name: 'ada' }, status: 404 }],
    'get /tokens': [{ status: 404 }],
    'post /tokens': [{ body: { name: 'ci', role: 'viewer' }, status: 404 }],
    'delete /tokens/{id}': [{ params: { id: 'none' }, status: 404 }],
  };
}

/** Of alert delivery: what is added first is what is changed and deleted afterwards. */
function alerting(list: readonly Example[]): Readonly<Record<string, readonly Example[]>> {
  const hook = { name: 'hook', type: 'webhook', url: 'https://127.0.0.1:9/hook' };
  const none = { params: { id: 'none' }, status: 404 };
  const nights = { name: 'nights', cron: '0 22 * * *', duration: '8h', time_zone: 'Europe/Berlin' };
  return {
    'get /channels': list,
    'post /channels': [
      { body: hook },
      { body: { name: 'mail', type: 'email', host: 'mail.example', from: 'a@b.example', to: ['c@d.example'] } },
      { body: hook, status: 409 },
      { body: { name: 'program', type: 'command', command: ['sh'] }, status: 400 },
      { body: { name: 'x', type: 'slack', url: 'not a URL' }, status: 400 },
    ],
    'put /channels/{id}': [
      { params: { id: 'hook' }, body: { ...hook, headers: { 'x-key': 'secret' } } },
      { ...none, body: hook },
    ],
    'delete /channels/{id}': [{ params: { id: 'mail' } }, none],
    'post /channels/{id}/test': [{ params: { id: 'hook' } }, none],
    'get /routes': [{}],
    'put /routes/{id}': [
      { params: { id: 'worst' }, body: { matchers: ['severity="critical"'], channels: ['hook'], group_wait: '5s' } },
      { params: { id: 'worst' }, body: { channels: ['nobody'] }, status: 422 },
      { params: { id: 'worst' }, body: { matchers: ['none="x"'] }, status: 400 },
      { params: { id: 'worst' }, body: { group_wait: 'soon' }, status: 400 },
    ],
    'delete /routes/{id}': [{ params: { id: 'worst' } }, none],
    'post /routes/try': [{ body: {} }, { body: { severity: 'critical', entities: ['web-1'] } }],
    'get /feedback': list,
    'get /feedback/quiet': list,
    'delete /feedback/{id}': [{ params: { id: 'none' }, status: 404 }],
    'get /silences': list,
    'post /silences': [
      { body: { matchers: ['scope="billing"'], until: '2100-01-01T00:00:00Z', reason: 'it moves' } },
      { body: { matchers: [] }, status: 400 },
      { body: { matchers: ['scope="billing"'], schedule: 'none' }, status: 422 },
    ],
    'put /silences/{id}': [
      { ...none, body: { matchers: ['scope="billing"'] } },
      { ...none, body: { matchers: [] }, status: 400 },
    ],
    'delete /silences/{id}': [none],
    'post /silences/preview': [{ body: { matchers: ['severity=~".*"'] } }],
    'get /schedules': [{}],
    'post /schedules': [{ body: nights }, { body: { ...nights, cron: 'now' }, status: 400 }],
    'put /schedules/{id}': [
      { params: { id: 'nights' }, body: { cron: '0 23 * * *', duration: '7h' } },
      {
        params: { id: 'nights' },
        body: { cron: '0 23 * * *', duration: '7h', time_zone: 'Mars/Olympus' },
        status: 400,
      },
      { ...none, body: { cron: '0 23 * * *', duration: '7h' } },
    ],
    'delete /schedules/{id}': [{ params: { id: 'nights' } }, none],
    'get /inhibitions': [{}],
    'post /inhibitions': [
      { body: { source_matchers: ['severity="critical"'], target_matchers: ['severity="info"'], equal: ['scope'] } },
      { body: { source_matchers: [], target_matchers: ['severity="info"'] }, status: 400 },
      { body: { source_matchers: ['a="b"'], target_matchers: ['severity="info"'] }, status: 400 },
    ],
    'put /inhibitions/{id}': [
      { ...none, body: { source_matchers: ['severity="critical"'], target_matchers: ['severity="info"'] } },
    ],
    'delete /inhibitions/{id}': [none],
    'get /flapping': [{}],
    'put /flapping': [{ body: { changes: 6, within: '5m' } }, { body: { changes: 1 }, status: 400 }],
    'delete /flapping': [{}],
    'get /deliveries': [...list, { query: { state: 'failed', channel: 'hook' } }],
    'post /deliveries/{id}/replay': [none],
    'get /webhooks': [{}],
    'post /webhooks': [
      { body: { url: 'https://127.0.0.1:9/old', events: ['anomaly_detected', 'high_error_rate'] } },
      { body: { url: 'https://127.0.0.1:9/old', events: ['none'] }, status: 400 },
    ],
    'delete /webhooks/{id}': [none],
  };
}
