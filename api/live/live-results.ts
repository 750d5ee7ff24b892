import type { Log, RecordCursor } from '@millrace/streams';
import { FEEDBACK_TOPIC } from '../../app/feedback/followed-feedback.js';
import type { RecordDecoder } from '../../app/results/record-decoder.js';
import { type AlertEpisode, type Feedback, feedback } from '../../schemas/feedback.js';
import type {
  Alert,
  Incident,
  MlPrediction,
  SensorHour,
  SensorScore,
  ServiceHealth,
  Traffic,
  WebStatistics,
} from '../../schemas/records.js';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import { REPLAYS_TOPIC, type Replay, replaySchema } from '../dead-letters/replays.js';
import type { LogSource } from '../records.js';
import type { EventHub } from './event-hub.js';
import { INCIDENT_ACTIONS_TOPIC, IncidentActions } from './incident-actions.js';
import { JsonTopic } from './json-topic.js';
import { isFields, type LiveRecord, liveRecordOf } from './live-record.js';
import { RecordRing, recordId } from './record-ring.js';
import { QUERIES_TOPIC, type SavedQuery, savedQuery } from './saved-queries.js';
import { TopicTail } from './topic-tail.js';

type Roles = keyof ApplicationConfig['topics'];

/** How many records of a topic are kept in memory, and are read when the server starts. */
const KEPT: Readonly<Record<Roles, number>> = {
  accessLog: 60_000,
  serviceLogs: 60_000,
  sensorReadings: 30_000,
  deadLetters: 5_000,
  late: 5_000,
  goal1: 10_000,
  goal2: 10_000,
  goal3: 10_000,
  goal4: 10_000,
  serverErrors: 10_000,
  webStatistics: 30_000,
  traffic: 50_000,
  sensorScores: 30_000,
  sensorHours: 10_000,
  serviceHealth: 30_000,
  mlPredictions: 10_000,
  alerts: 10_000,
  alertEpisodes: 10_000,
  incidents: 20_000,
  // So many that the topology of each of a few instances is among them.
  pipelineStatus: 500,
};

const SOURCES: Readonly<Record<LogSource, Roles>> = {
  services: 'serviceLogs',
  requests: 'accessLog',
  sensors: 'sensorReadings',
  'dead-letters': 'deadLetters',
  late: 'late',
};
const SOURCE_OF_ROLE = new Map(Object.entries(SOURCES).map(([source, role]) => [role, source as LogSource]));

const MAX_INCIDENTS = 20_000;
const MAX_EPISODES = 10_000;
const MAX_INSTANCES = 200;
/** An instance that has said nothing for so long is gone. */
const INSTANCE_GONE_MS = 15_000;

/** What the topics of results hold, as far as it is kept in memory, and as it comes. */
export class LiveResults {
  readonly actions: IncidentActions;
  readonly queries: JsonTopic<SavedQuery>;
  /** What detectors have learned of people. */
  readonly feedback: JsonTopic<Feedback>;
  /** Of dead letters that were sent again, by their ids. */
  readonly replays: JsonTopic<Replay>;
  /** By topic, what takes its records. */
  readonly #keptByPeople: ReadonlyMap<string, Pick<JsonTopic<unknown>, 'read'>>;
  readonly #config: ApplicationConfig;
  readonly #decoder: RecordDecoder;
  readonly #events: EventHub;
  readonly #rings = new Map<Roles, RecordRing>();
  readonly #roleOf: ReadonlyMap<string, Roles>;
  readonly #incidents = new Map<string, Incident>();
  /** By alert, the one that changed last at the end. */
  readonly #episodes = new Map<string, AlertEpisode>();
  readonly #status = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #tail: TopicTail;
  readonly #passedOver = new Map<string, number>();
  #latest = 0;
  #cameAt = performance.now();
  #isReady = false;
  #failure: Error | undefined;
  #fail: (error: Error) => void = () => {};
  /** Resolves when nothing more can be read. */
  readonly failed = new Promise<Error>((resolve) => {
    this.#fail = resolve;
  });

  constructor(log: Log, config: ApplicationConfig, decoder: RecordDecoder, events: EventHub) {
    this.#config = config;
    this.#decoder = decoder;
    this.#events = events;
    this.actions = new IncidentActions(log);
    this.queries = new JsonTopic(log, QUERIES_TOPIC, savedQuery);
    this.feedback = new JsonTopic(log, FEEDBACK_TOPIC, feedback);
    this.replays = new JsonTopic(log, REPLAYS_TOPIC, replaySchema);
    this.#keptByPeople = new Map<string, Pick<JsonTopic<unknown>, 'read'>>([
      [INCIDENT_ACTIONS_TOPIC, this.actions],
      [QUERIES_TOPIC, this.queries],
      [REPLAYS_TOPIC, this.replays],
      [FEEDBACK_TOPIC, this.feedback],
    ]);
    const topics = Object.entries(topicsOf(config)) as [Roles, string][];
    this.#roleOf = new Map(topics.map(([role, topic]) => [topic, role]));
    for (const [role] of topics) this.#rings.set(role, new RecordRing(KEPT[role]));
    this.#tail = new TopicTail(
      log,
      [
        ...topics.map(([role, topic]) => ({ topic, backwards: KEPT[role] })),
        ...[...this.#keptByPeople.keys()].map((topic) => ({ topic, backwards: 100_000 })),
      ],
      {
        begins: ({ partition, topic }, offset) => this.#ringOf(topic)?.begin(partition, offset),
        record: (cursor) => this.#read(cursor),
        passedOver: (topic, records) => {
          this.#passedOver.set(topic, (this.#passedOver.get(topic) ?? 0) + records);
        },
        caughtUp: () => {
          this.#isReady = true;
        },
        failed: (error) => {
          this.#failure = error;
          this.#fail(error);
        },
      },
    );
  }

  start(): void {
    this.#tail.start();
  }

  close(): Promise<void> {
    return this.#tail.close();
  }

  /** Resolves when what topics hold now has been read, or after so many milliseconds. */
  readToEnd(roles: readonly Roles[], withinMs: number): Promise<void> {
    return this.#tail.readToEnd(
      roles.map((role) => this.#config.topics[role]),
      withinMs,
    );
  }

  /** Whether all that was there at the start is read. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why nothing more comes, if it is so. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** When the newest event was; the clock where there is none yet. */
  get latestTime(): number {
    return this.#latest === 0 ? Date.now() : this.#latest;
  }

  /** For how long no line, request or result has come, in milliseconds; of the clock here, whatever their own times. */
  get idleMs(): number {
    return Math.round(performance.now() - this.#cameAt);
  }

  /** Records that came faster than they could be read, and are not in memory. */
  passedOver(topic: string): number {
    return this.#passedOver.get(topic) ?? 0;
  }

  ring(role: Roles): RecordRing | undefined {
    return this.#rings.get(role);
  }

  #ringOf(topic: string): RecordRing | undefined {
    const role = this.#roleOf.get(topic);
    return role === undefined ? undefined : this.#rings.get(role);
  }

  ringOf(source: LogSource): RecordRing | undefined {
    return this.#rings.get(SOURCES[source]);
  }

  topicOf(source: LogSource): string {
    return this.#config.topics[SOURCES[source]];
  }

  sourceOf(topic: string): LogSource | undefined {
    const role = this.#roleOf.get(topic);
    return role === undefined ? undefined : SOURCE_OF_ROLE.get(role);
  }

  get serviceHealth(): Iterable<ServiceHealth> {
    return this.#values<ServiceHealth>('serviceHealth');
  }

  get traffic(): Iterable<Traffic> {
    return this.#values<Traffic>('traffic');
  }

  get webStatistics(): Iterable<WebStatistics> {
    return this.#values<WebStatistics>('webStatistics');
  }

  get sensorScores(): Iterable<SensorScore> {
    return this.#values<SensorScore>('sensorScores');
  }

  get sensorHours(): Iterable<SensorHour> {
    return this.#values<SensorHour>('sensorHours');
  }

  get mlPredictions(): Iterable<MlPrediction> {
    return this.#values<MlPrediction>('mlPredictions');
  }

  get alerts(): Iterable<Alert> {
    return this.#values<Alert>('alerts');
  }

  incident(id: string): Incident | undefined {
    return this.#incidents.get(id);
  }

  /** How far an alert went. */
  alertEpisode(alert: string): AlertEpisode | undefined {
    return this.#episodes.get(alert);
  }

  get alertEpisodes(): Iterable<AlertEpisode> {
    return this.#episodes.values();
  }

  get incidents(): Iterable<Incident> {
    return this.#incidents.values();
  }

  /** The newest that each instance that runs has said of itself. */
  get status(): readonly Readonly<Record<string, unknown>>[] {
    const since = Date.now() - INSTANCE_GONE_MS;
    return [...this.#status.values()].filter(({ time }) => typeof time === 'number' && time >= since);
  }

  /** As `status`, with instances that have gone, as they were last. */
  get lastStatus(): readonly Readonly<Record<string, unknown>>[] {
    return [...this.#status.values()];
  }

  /** The newest first. */
  *#values<Value>(role: Roles): Generator<Value> {
    const ring = this.#rings.get(role);
    if (ring === undefined) return;
    for (const { value } of ring.newest()) yield value as unknown as Value;
  }

  async #read(cursor: RecordCursor): Promise<void> {
    const decoded = await this.#decoder.decode(cursor);
    const { headers, key, value } = decoded;
    const { topic } = cursor;
    const kept = this.#keptByPeople.get(topic);
    if (kept !== undefined) {
      if (key !== null) kept.read(key, value);
      return;
    }
    if (topic === this.#config.topics.alertEpisodes) return this.#readEpisode(key, value);
    if (topic === this.#config.topics.pipelineStatus) return this.#readStatus(key, value);
    const role = this.#roleOf.get(topic);
    if (role === undefined) return;
    const bytes = Math.max(0, cursor.valueEnd - cursor.valueStart);
    if (role === 'incidents' && value === null && key !== null) {
      this.#incidents.delete(key);
      return;
    }
    const fields = role === 'deadLetters' || role === 'late' ? withHeaders(value, headers, key) : value;
    const record = liveRecordOf(topic, decoded, fields);
    if (record === undefined) return;
    this.#rings.get(role)?.add(record, bytes);
    if (role !== 'deadLetters') {
      this.#cameAt = performance.now();
      if (record.time > this.#latest) this.#latest = record.time;
    }
    this.#publish(role, record);
  }

  #readEpisode(alert: string | null, value: unknown): void {
    if (alert === null || !isFields(value)) return;
    putLast(this.#episodes, alert, value as unknown as AlertEpisode, MAX_EPISODES);
  }

  #publish(role: Roles, record: LiveRecord): void {
    if (role === 'incidents') {
      const incident = record.value as unknown as Incident;
      this.#incidents.set(incident.id, incident);
      if (this.#incidents.size > MAX_INCIDENTS) this.#forgetIncidents();
    }
    // Who comes first has nothing to be told of what was before.
    if (!this.#isReady) return;
    const source = SOURCE_OF_ROLE.get(role);
    if (source !== undefined) this.#events.publish('log', lineOf(record, source));
    else if (role === 'alerts') this.#events.publish('alert', record.value);
    else if (role === 'incidents') {
      this.#events.publish('incident', { ...this.withActions(record.value as unknown as Incident) });
    }
  }

  /** An incident with what people have said of it. */
  withActions(incident: Incident) {
    const { resolvedAt, ...said } = this.actions.stateOf(incident);
    const isResolved = resolvedAt !== null && incident.state !== 'resolved' && resolvedAt >= incident.opened;
    return {
      ...incident,
      ...(isResolved ? { state: 'resolved' as const, resolved: resolvedAt } : {}),
      ...said,
    };
  }

  #forgetIncidents(): void {
    const over = [...this.#incidents.values()].sort(
      (one, other) =>
        Number(one.state !== 'resolved') - Number(other.state !== 'resolved') || one.updated - other.updated,
    );
    for (const { id } of over.slice(0, MAX_INCIDENTS / 10)) this.#incidents.delete(id);
  }

  #readStatus(key: string | null, value: unknown): void {
    if (key === null || !isFields(value)) return;
    // The topology is not in each record.
    const topology = value['topology'] ?? this.#status.get(key)?.['topology'];
    putLast(this.#status, key, { ...value, topology }, MAX_INSTANCES);
    if (this.#isReady) this.#events.publish('topology', value);
  }
}

/** As what has changed last; of more than so many, what has not changed for the longest is forgotten. */
function putLast<Value>(values: Map<string, Value>, key: string, value: Value, most: number): void {
  values.delete(key);
  values.set(key, value);
  const [oldest] = values.keys();
  if (values.size > most && oldest !== undefined) values.delete(oldest);
}

/** A record as a line of the logs. */
export function lineOf(
  record: LiveRecord,
  source: LogSource,
): { id: string; time: number; kind: LogSource } & Record<string, unknown> {
  const { time, value } = record;
  return { ...value, id: recordId(record), time, kind: source };
}

/** A refused or late record: its own fields where it has any, and what its headers say. */
function withHeaders(
  value: unknown,
  headers: Readonly<Record<string, string>> | undefined,
  key: string | null,
): Readonly<Record<string, unknown>> {
  const said = Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, text]) => [name.replaceAll('-', '_'), text]),
  );
  return { ...(isFields(value) ? value : { value }), ...said, key };
}
