import type {
  AccessLog,
  Alert,
  Goal1,
  Goal2,
  Goal3,
  Goal4,
  HostServerErrors,
  Incident,
  MlPrediction,
  SensorHour,
  SensorReading,
  SensorScore,
  ServiceHealth,
  ServiceLog,
  Traffic,
  WebStatistics,
} from './records.js';

/** What runs beside each other: the goals and the web statistics over access logs, and one for each other kind of source. */
export const PIPELINES = ['goals', 'web-statistics', 'sensors', 'services'] as const;
export type PipelineName = (typeof PIPELINES)[number];

/** Those whose alerts are put together into incidents. */
const ALERTING = ['web-statistics', 'sensors', 'services'] as const;

const RETENTION_MS = 7 * 86_400_000;
/** It is of interest only what an instance says now. */
const STATUS_RETENTION_MS = 3_600_000;

/** One of the application's topics; all that any part of it has to know of the topic. */
interface TopicEntry {
  /** By default; which topic it is, is configuration. */
  readonly name: string;
  readonly role:
    | 'raw'
    | 'goal'
    | 'statistics'
    | 'score'
    | 'alert'
    /** How far alerts went, and which were not told, in JSON. */
    | 'episode'
    | 'incident'
    /** What could not be processed, or came too late: copies of records of any topic. */
    | 'dead-letters'
    | 'late'
    /** What instances say of themselves, in JSON. */
    | 'status';
  /** The pipelines that read or write it; undefined: all of them. */
  readonly pipelines?: readonly PipelineName[];
  /** The field that is the key of what producers write; undefined: records have none, or a pipeline makes it. */
  readonly key?: string;
  /** 1, or by default as many as the raw topic has. */
  readonly partitions?: 1;
  /** Of a topic that is made, unless another is asked for. */
  readonly retentionMs: number;
  /** The sinks that it goes to, by their files in `connectors/`. */
  readonly connectors?: readonly string[];
}

/** A topic whose values are of one schema. */
interface SchemaTopic<V> extends TopicEntry {
  /** The file in this folder that says what its values are, without `.avsc`. */
  readonly schema: string;
  /** When an event was; of a window its start. */
  readonly timeField: keyof V & string;
  /** What its records are called in the lake. */
  readonly lakeKind: string;
}

/** What the values are is known to the types only. */
interface Holding<V> {
  readonly value?: V;
}

function of<V>() {
  return <const T extends Omit<SchemaTopic<V>, 'retentionMs'>>(
    entry: T,
  ): T & Holding<V> & { readonly retentionMs: number } => ({ retentionMs: RETENTION_MS, ...entry });
}

/** The catalogue of the application's topics, by what each is for. Whatever has to do with topics reads it here. */
export const TOPICS = {
  accessLog: of<AccessLog>()({
    ...{ name: 'test-inter', role: 'raw', schema: 'access-log', timeField: 'timestamp', lakeKind: 'access' },
    connectors: ['elasticsearch-test-inter'],
  }),
  goal1: of<Goal1>()({
    ...{ name: 'goal1-topic', role: 'goal', schema: 'goal1', timeField: 'window_start', lakeKind: 'goal1' },
    ...{ pipelines: ['goals'], connectors: ['elasticsearch-goals'] },
  }),
  goal2: of<Goal2>()({
    ...{ name: 'goal2-topic', role: 'goal', schema: 'goal2', timeField: 'window_start', lakeKind: 'goal2' },
    ...{ pipelines: ['goals'], connectors: ['elasticsearch-goals'] },
  }),
  goal3: of<Goal3>()({
    ...{ name: 'goal3-topic', role: 'goal', schema: 'goal3', timeField: 'window_start', lakeKind: 'goal3' },
    ...{ pipelines: ['goals'], connectors: ['elasticsearch-goals', 'influxdb-goal3'] },
  }),
  goal4: of<Goal4>()({
    ...{ name: 'goal4-topic', role: 'goal', schema: 'goal4', timeField: 'window_start', lakeKind: 'goal4' },
    ...{ pipelines: ['goals'], connectors: ['elasticsearch-goals', 'influxdb-goal4'] },
  }),
  serverErrors: of<HostServerErrors>()({
    ...{ name: 'server-errors-topic', role: 'goal', schema: 'server-errors' },
    ...{ timeField: 'window_start', lakeKind: 'server-errors', pipelines: ['goals'] },
    connectors: ['elasticsearch-goals', 'influxdb-server-errors'],
  }),
  deadLetters: { name: 'test-inter-dlq', role: 'dead-letters', partitions: 1, retentionMs: RETENTION_MS },
  late: { name: 'test-inter-late', role: 'late', retentionMs: RETENTION_MS },
  pipelineStatus: { name: 'pipeline-status', role: 'status', partitions: 1, retentionMs: STATUS_RETENTION_MS },
  webStatistics: of<WebStatistics>()({
    ...{ name: 'web-stats-topic', role: 'statistics', schema: 'web-statistics' },
    ...{ timeField: 'window_start', lakeKind: 'web-stats', pipelines: ['web-statistics'] },
    connectors: ['elasticsearch-results', 'influxdb-web-statistics'],
  }),
  traffic: of<Traffic>()({
    ...{ name: 'traffic', role: 'statistics', schema: 'traffic', timeField: 'window_start', lakeKind: 'traffic' },
    ...{ pipelines: ['web-statistics'], connectors: ['elasticsearch-results', 'influxdb-traffic'] },
  }),
  sensorReadings: of<SensorReading>()({
    ...{ name: 'sensor-topic', role: 'raw', schema: 'sensor-reading', timeField: 'timestamp', lakeKind: 'sensor' },
    ...{ pipelines: ['sensors'], key: 'sensor_id' },
  }),
  sensorScores: of<SensorScore>()({
    ...{ name: 'anomalies', role: 'score', schema: 'sensor-score', timeField: 'timestamp', lakeKind: 'sensor-score' },
    ...{ pipelines: ['sensors'], connectors: ['elasticsearch-results', 'influxdb-sensors'] },
  }),
  sensorHours: of<SensorHour>()({
    ...{ name: 'sensor-history', role: 'statistics', schema: 'sensor-hour' },
    ...{ timeField: 'window_start', lakeKind: 'sensor-hour', pipelines: ['sensors'] },
    connectors: ['elasticsearch-results'],
  }),
  serviceLogs: of<ServiceLog>()({
    ...{ name: 'logs', role: 'raw', schema: 'service-log', timeField: 'timestamp', lakeKind: 'service' },
    ...{ pipelines: ['services'], key: 'service', connectors: ['elasticsearch-logs'] },
  }),
  serviceHealth: of<ServiceHealth>()({
    ...{ name: 'service-health', role: 'statistics', schema: 'service-health' },
    ...{ timeField: 'window_start', lakeKind: 'service-health', pipelines: ['services'] },
    connectors: ['elasticsearch-results', 'influxdb-service-health'],
  }),
  mlPredictions: of<MlPrediction>()({
    ...{ name: 'ml-predictions', role: 'score', schema: 'ml-prediction' },
    ...{ timeField: 'window_start', lakeKind: 'ml-prediction', pipelines: ['services'] },
  }),
  alerts: of<Alert>()({
    ...{ name: 'alerts', role: 'alert', schema: 'alert', timeField: 'time', lakeKind: 'alert' },
    ...{ pipelines: ALERTING, connectors: ['elasticsearch-alerts'] },
  }),
  alertEpisodes: { name: 'alert-episodes', role: 'episode', pipelines: ALERTING, retentionMs: RETENTION_MS },
  incidents: of<Incident>()({
    ...{ name: 'incidents', role: 'incident', schema: 'incident', timeField: 'updated', lakeKind: 'incident' },
    ...{ pipelines: ALERTING, connectors: ['elasticsearch-results', 'influxdb-incidents'] },
  }),
} as const;

type Catalogue = typeof TOPICS;

/** What a topic is for. */
export type TopicId = keyof Catalogue;

/** The same of topics whose values are of one schema. */
export type TopicRole = { [Id in TopicId]: Catalogue[Id] extends { readonly schema: string } ? Id : never }[TopicId];

/** What the values of a topic are. */
export type TopicValue<Role extends TopicRole> = Catalogue[Role] extends Holding<infer V> ? V : never;

/** The topics of a pipeline, and those that all of them have. */
export type TopicOf<P extends PipelineName> = {
  [Id in TopicId]: Catalogue[Id] extends { readonly pipelines: readonly (infer Pipeline)[] }
    ? P extends Pipeline
      ? Id
      : never
    : Id;
}[TopicId];

/** Which topic is which. */
export type TopicNames = { readonly [Id in TopicId]: string };

export const TOPIC_IDS = Object.keys(TOPICS) as TopicId[];

export const TOPIC_ROLES = TOPIC_IDS.filter((id): id is TopicRole => 'schema' in TOPICS[id]);

export const DEFAULT_TOPICS = Object.fromEntries(TOPIC_IDS.map((id) => [id, TOPICS[id].name])) as TopicNames;

export function topicEntry(id: TopicId): TopicEntry {
  return TOPICS[id];
}

/** The topics that these pipelines use. */
export function topicsOfPipelines<P extends PipelineName>(
  pipelines: readonly P[],
  topics: TopicNames = DEFAULT_TOPICS,
): Readonly<Record<TopicOf<P>, string>> {
  const isUsed = (id: TopicId) =>
    topicEntry(id).pipelines?.some((name) => pipelines.some((one) => one === name)) ?? true;
  return Object.fromEntries(TOPIC_IDS.filter(isUsed).map((id) => [id, topics[id]])) as Record<TopicOf<P>, string>;
}

/** The topics that go to a sink. */
export function topicsOfConnector(connector: string): string[] {
  return TOPIC_IDS.map(topicEntry)
    .filter(({ connectors = [] }) => connectors.includes(connector))
    .map(({ name }) => name);
}
