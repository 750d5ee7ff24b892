import { z } from 'zod';

/** What the records of topics are, as answers have them: the fields and names of `schemas/`. Times are milliseconds since the epoch. */
const time = z.number().meta({ description: 'Milliseconds since the epoch.' });
const texts = z.array(z.string());
const nullableNumber = z.number().nullable();
/** Not in records that were written before there was such a field. */
const laterNumber = z.number().nullish();

export const severity = z.enum(['info', 'warning', 'critical']);
export const sourceKind = z.enum(['web', 'sensor', 'service']);

const countedTexts = z.array(z.object({ value: z.string(), count: z.number() }).meta({ id: 'Counted' }));

const askedFor = z
  .object({
    requests: z.number().meta({ description: 'But for assets: pictures, style sheets, scripts, fonts.' }),
    assets: z.number(),
    client_errors: z.number().meta({ description: 'Responses of status 400 to 499.' }),
    paths: countedTexts,
    different_paths: z.number(),
    methods: countedTexts,
    statuses: countedTexts,
    user_agents: countedTexts,
    hosts: countedTexts,
    clients: countedTexts,
  })
  .meta({ id: 'AskedFor' });

export const alertRecord = z
  .object({
    id: z.string(),
    time,
    source_kind: sourceKind,
    entity: z.string(),
    scope: z.string(),
    detector: z.string(),
    state: z.enum(['opened', 'resolved']),
    severity,
    value: z.number(),
    expected_low: nullableNumber,
    expected_high: nullableNumber,
    window_start: time,
    window_end: time,
    explanation: z.string(),
    fields: texts,
    observed_count: laterNumber,
    observed_failures: laterNumber,
    expected_failures: laterNumber,
    once_in_windows: laterNumber,
    asked: askedFor
      .nullish()
      .meta({ description: 'Of clients that ask too often, and of hosts that refuse much: the most frequent first.' }),
    hosts: countedTexts.nullish().meta({
      description:
        'Of all hosts together: how many requests of the window, or failures where these are unusual, each host had.',
    }),
  })
  .meta({ id: 'Alert' });

export const incidentRecord = z
  .object({
    id: z.string(),
    source_kind: sourceKind,
    scope: z.string(),
    state: z.enum(['opened', 'ongoing', 'resolved']),
    severity,
    opened: time,
    updated: time,
    resolved: time.nullable(),
    alerts: z.int(),
    detectors: texts,
    entities: texts,
    summary: z.string(),
    acknowledged: z.boolean(),
    silenced: z.boolean(),
    was_fine: z.boolean(),
    fine_until: time
      .nullable()
      .meta({ description: 'Until when it is not told: somebody said that what it is about was fine.' }),
  })
  .meta({ id: 'Incident' });

export const serviceHealthRecord = z
  .object({
    service: z.string(),
    window_start: time,
    window_end: time,
    count: z.number(),
    throughput: z.number().meta({ description: 'Lines a second.' }),
    avg_response_time: nullableNumber,
    p50_response_time: nullableNumber,
    p95_response_time: nullableNumber,
    error_rate: z.number(),
    active_sessions: z.number(),
    bytes: z.number(),
    health: z.enum(['healthy', 'degraded', 'down']),
    p99_response_time: laterNumber,
    expected_count_low: laterNumber,
    expected_count_high: laterNumber,
    expected_response_time_low: laterNumber,
    expected_response_time_high: laterNumber,
    expected_error_rate_high: laterNumber,
    is_learning: z.boolean().optional(),
  })
  .meta({ id: 'ServiceHealth' });

export const webStatisticsRecord = z
  .object({
    host: z.string(),
    window_start: time,
    window_end: time,
    request_count: z.number(),
    avg_response_time: nullableNumber,
    stddev_response_time: nullableNumber,
    p50_response_time: nullableNumber,
    p95_response_time: nullableNumber,
    p99_response_time: nullableNumber,
    client_errors: z.number(),
    server_errors: z.number(),
    error_rate: z.number(),
    bytes: nullableNumber,
    is_anomaly: z.boolean(),
    rules: z.array(z.object({ rule: z.string(), value: z.number(), limit: z.number() })),
  })
  .meta({ id: 'WebStatistics' });

export const trafficRecord = z
  .object({
    host: z.string(),
    window_start: time,
    window_end: time,
    requests: z.number(),
    status_1xx: z.number(),
    status_2xx: z.number(),
    status_3xx: z.number(),
    status_4xx: z.number(),
    status_5xx: z.number(),
    p50_response_time: nullableNumber,
    p95_response_time: nullableNumber,
    p99_response_time: nullableNumber,
    bytes: nullableNumber,
    clients: z.number(),
  })
  .meta({ id: 'Traffic' });

export const sensorScoreRecord = z
  .object({
    sensor_id: z.string(),
    temperature: nullableNumber,
    pressure: nullableNumber,
    value: nullableNumber,
    timestamp: time,
    anomaly_score: z.number(),
    learned_score: z.number(),
    is_anomaly: z.boolean(),
    fields: texts,
  })
  .meta({ id: 'SensorScore' });

export const sensorHourRecord = z
  .object({
    sensor_id: z.string(),
    window_start: time,
    window_end: time,
    count: z.number(),
    over_limit: z.number(),
    temperature_min: nullableNumber,
    temperature_avg: nullableNumber,
    temperature_max: nullableNumber,
    temperature_stddev: nullableNumber,
    pressure_min: nullableNumber,
    pressure_avg: nullableNumber,
    pressure_max: nullableNumber,
    pressure_stddev: nullableNumber,
    value_min: nullableNumber,
    value_avg: nullableNumber,
    value_max: nullableNumber,
    value_stddev: nullableNumber,
  })
  .meta({ id: 'SensorHour' });

export const mlPredictionRecord = z
  .object({
    service: z.string(),
    window_start: time,
    window_end: time,
    score: z.number(),
    is_anomaly: z.boolean(),
    model_version: z.int(),
    fields: texts,
  })
  .meta({ id: 'MlPrediction' });

export const LOG_SOURCES = ['services', 'requests', 'sensors', 'dead-letters', 'late'] as const;
export const logSource = z.enum(LOG_SOURCES);
export type LogSource = (typeof LOG_SOURCES)[number];

/** A line, request, reading or refused record: what it is, and the fields of its record. */
export const logLine = z
  .object({
    id: z.string().meta({ description: '`topic/partition/offset`' }),
    time,
    kind: logSource,
  })
  .catchall(z.unknown())
  .meta({ id: 'LogLine', description: 'With the fields of its record beside these.' });

export const timeSchema = time;
