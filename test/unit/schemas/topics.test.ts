import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LAKE_SOURCES } from '../../../app/lake/lake-sources.js';
import {
  connectorDirectory,
  jsonFiles,
  loadConnectors,
  readJson,
  VARIANTS,
} from '../../../connectors/connector-files.js';
import { requireSources } from '../../../lake/sources.js';
import { SCHEMAS_DIRECTORY } from '../../../schemas/subjects.js';
import { TOPIC_IDS, TOPIC_ROLES, TOPICS, topicEntry, topicsOfPipelines } from '../../../schemas/topics.js';

interface Schema {
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

const schemaOf = (file: string) => JSON.parse(readFileSync(join(SCHEMAS_DIRECTORY, `${file}.avsc`), 'utf8')) as Schema;
const schemaFields = (file: string) => schemaOf(file).fields.map(({ name }) => name);

it('gives the topics of the goals their names, as the contract has them', () => {
  expect(topicsOfPipelines(['goals'])).toEqual({
    ...{ accessLog: 'test-inter', deadLetters: 'test-inter-dlq', late: 'test-inter-late' },
    pipelineStatus: 'pipeline-status',
    ...{ goal1: 'goal1-topic', goal2: 'goal2-topic', goal3: 'goal3-topic', goal4: 'goal4-topic' },
    serverErrors: 'server-errors-topic',
  });
});

it('has incidents where a pipeline has alerts, and no others', () => {
  expect(Object.keys(topicsOfPipelines(['sensors'])).sort()).toEqual(
    [
      'accessLog',
      'alertEpisodes',
      'alerts',
      'deadLetters',
      'incidents',
      'late',
      'pipelineStatus',
      'sensorHours',
      'sensorReadings',
      'sensorScores',
    ].sort(),
  );
  expect(topicsOfPipelines(['goals'])).not.toHaveProperty('alerts');
});

it('has no name twice', () => {
  const names = TOPIC_IDS.map((id) => topicEntry(id).name);
  expect(new Set(names).size).toBe(names.length);
  expect(() => requireSources(LAKE_SOURCES)).not.toThrow();
});

it.each(TOPIC_ROLES)('%s has a schema with the time and the key that it names', (role) => {
  const { schema, timeField } = TOPICS[role];
  const field = schemaOf(schema).fields.find(({ name }) => name === timeField);
  expect(JSON.stringify(field?.type)).toContain('timestamp-millis');
  const { key } = topicEntry(role);
  if (key !== undefined) expect(schemaFields(schema)).toContain(key);
});

it.each(VARIANTS)('sends topics to the sinks of the %s variant', async (variant) => {
  const connectors = await loadConnectors(connectorDirectory(variant), { CONNECT_DLQ_REPLICATION_FACTOR: '1' });
  const topics = Object.fromEntries(connectors.map(({ config, name }) => [name, config['topics']?.split(',').sort()]));
  expect(topics).toEqual({
    'elasticsearch-alerts': ['alerts'],
    'elasticsearch-goals': ['goal1-topic', 'goal2-topic', 'goal3-topic', 'goal4-topic', 'server-errors-topic'],
    'elasticsearch-logs': ['logs'],
    'elasticsearch-results': [
      'anomalies',
      'incidents',
      'sensor-history',
      'service-health',
      'traffic',
      'web-stats-topic',
    ],
    'elasticsearch-test-inter': ['test-inter'],
    'influxdb-goal3': ['goal3-topic'],
    'influxdb-goal4': ['goal4-topic'],
    'influxdb-incidents': ['incidents'],
    'influxdb-sensors': ['anomalies'],
    'influxdb-server-errors': ['server-errors-topic'],
    'influxdb-service-health': ['service-health'],
    'influxdb-traffic': ['traffic'],
    'influxdb-web-statistics': ['web-stats-topic'],
  });
  const named = new Set(TOPIC_IDS.flatMap((id) => topicEntry(id).connectors ?? []));
  expect([...named].sort()).toEqual(Object.keys(topics).sort());
});

it('has an index template, with the fields of its schema, for each topic that goes to Elasticsearch', async () => {
  const files = await jsonFiles(join(connectorDirectory('confluent'), 'elasticsearch'));
  const templates = (await Promise.all(files.map(readJson))) as {
    readonly index_patterns: readonly string[];
    readonly template: { readonly mappings: { readonly properties: Record<string, unknown> } };
  }[];
  const indexed = TOPIC_ROLES.filter((role) =>
    topicEntry(role).connectors?.some((connector) => connector.startsWith('elasticsearch-')),
  );
  expect(templates.flatMap((template) => template.index_patterns).sort()).toEqual(
    indexed.map((role) => TOPICS[role].name).sort(),
  );
  for (const role of indexed) {
    const template = templates.find((one) => one.index_patterns.includes(TOPICS[role].name));
    const mapped = Object.keys(template?.template.mappings.properties ?? {}).filter((name) => name !== '@timestamp');
    expect(schemaFields(TOPICS[role].schema)).toEqual(expect.arrayContaining(mapped));
  }
});
