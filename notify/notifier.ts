import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Log, type LogConsumer, LogError, type RecordCursor } from '@millrace/streams';
import type { RecordDecoder } from '../app/results/record-decoder.js';
import type { Incident } from '../schemas/records.js';
import { channelOf } from './channels/channel-of.js';
import type { ChannelConfig, FileConfig } from './config.js';
import { Decider, type Notification, type Rules } from './decider.js';
import { DEFAULT_RETRY, deliver, type RetryPolicy } from './delivery.js';
import type { Attempt, DeliveryRecord } from './delivery-log.js';
import { feedbackIn } from './feedback.js';
import { Lanes } from './lanes.js';
import { becomeLeader, type Leadership } from './leadership.js';
import { Outbound } from './outbound.js';
import { saidIn } from './said.js';
import type { Settings } from './settings.js';
import { NotifyState, Table } from './state.js';
import { jsonRecords, NOTIFY_TOPICS, readToEnd } from './topics.js';

export interface NotifierOptions {
  readonly log: Log;
  readonly decoder: RecordDecoder;
  readonly incidentsTopic: string;
  readonly settings: Settings;
  readonly outbound?: Outbound;
  readonly retry?: RetryPolicy;
  /** Told of what goes wrong, for the program's own log. */
  readonly onProblem: (message: string) => void;
  readonly isOfMaintenance?: Rules['isOfMaintenance'];
  /** Resolves when what `isOfMaintenance` goes by has been read as far as it was written when it was called. */
  readonly evidenceIsRead?: (() => Promise<void>) | undefined;
}

/** On Kafka, who is given the state tells. */
const TELLS = { group: 'millrace-notify', topic: NOTIFY_TOPICS.state };

const POLL_MS = 250;
const START_AGAIN_MS = 1000;

/** Outgoing calls as the settings allow them. */
export function outboundOf(settings: Settings): Outbound {
  return new Outbound({ allow: settings.file.allow });
}

/** The channel of a name, ready to be told. */
export function openChannel(settings: Settings, config: ChannelConfig, outbound: Outbound) {
  return channelOf(config, {
    name: config.name,
    outbound,
    dashboardUrl: settings.file.dashboard_url?.replace(/\/+$/, ''),
  });
}

/**
 * Tells people of incidents, in one process at a time. What it has read, decided and told is written in one transaction
 * a step, and only what is written is told: after a crash it goes on where it was, and repeats, at most, a call that it
 * did not learn the answer of, with the same idempotency key.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(options: NotifierOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** The topics must be there (`makeNotifyTopics`). */
  static start(options: NotifierOptions): Notifier {
    return new Notifier(options);
  }

  /** Takes another file in place of the one before. */
  useFile(file: FileConfig): void {
    this.#options.settings.useFile(file);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const leadership = await becomeLeader(this.#options.log, TELLS, signal);
        if (leadership === undefined) return;
        try {
          await new Shift(this.#options, leadership, AbortSignal.any([signal, leadership.lost])).work();
        } finally {
          await leadership.release();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof LogError && error.code === 'LOG_CLOSED') return;
        this.#options.onProblem(`alert delivery begins again: ${(error as Error).message}`);
        await delay(START_AGAIN_MS, undefined, { signal }).catch(() => {});
      }
    }
  }
}

/** While this process is the one that tells. */
class Shift {
  readonly #options: NotifierOptions;
  readonly #leadership: Leadership;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #state = new NotifyState();
  readonly #pending = new Table<DeliveryRecord>();
  /** By partition of the incidents: what is read next. */
  readonly #positions = new Table<number>();
  /** By partition, the end of what was there before anybody was to be told: of that, only what goes on is told. */
  readonly #history = new Map<number, number>();
  /** By channel, how it was when its receiver wanted no more. */
  readonly #disabled = new Table<string>();
  /** What is to be written of deliveries, besides those that are pending. */
  #noted: DeliveryRecord[] = [];
  readonly #decider: Decider;
  #outbound: Outbound;
  /** One delivery at a time of a channel and group, so that an end does not come before its begin. */
  readonly #queues = new Map<string, Promise<void>>();
  readonly #lanes = new Map<string, Lanes>();
  readonly #sent = new Set<string>();
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(options: NotifierOptions, leadership: Leadership, signal: AbortSignal) {
    this.#options = options;
    this.#leadership = leadership;
    this.#signal = AbortSignal.any([signal, this.#ended.signal]);
    this.#outbound = options.outbound ?? outboundOf(options.settings);
    this.#decider = new Decider(this.#state, this.#rules());
  }

  async work(): Promise<void> {
    const { log, settings } = this.#options;
    const consumer = log.consumer();
    try {
      await readToEnd(log, NOTIFY_TOPICS.state, ({ key, value }) => this.#restore(key, value));
      const actions = await readToEnd(log, NOTIFY_TOPICS.actions, (record) => this.#hearSaid(record.key, record.value));
      const config = await readToEnd(log, NOTIFY_TOPICS.config, (record) => settings.read(record));
      consumer.assign({ topic: NOTIFY_TOPICS.actions, partition: 0 }, actions);
      consumer.assign({ topic: NOTIFY_TOPICS.config, partition: 0 }, config);
      this.#decider.setRules(this.#rules(), Date.now());
      settings.onChange = () => {
        this.#outbound = this.#options.outbound ?? outboundOf(settings);
        this.#decider.setRules(this.#rules(), Date.now());
      };
      await this.#watch(consumer);
    } finally {
      settings.onChange = () => {};
      this.#ended.abort();
      await consumer.close();
      await Promise.allSettled([...this.#queues.values(), this.#writing]);
    }
  }

  async #watch(consumer: LogConsumer): Promise<void> {
    const { log, incidentsTopic: topic } = this.#options;
    let assigned = 0;
    while (!this.#signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure;
      const partitions = (await log.partitions(topic)) ?? 0;
      for (; assigned < partitions; assigned++) {
        const at = { topic, partition: assigned };
        const known = this.#positions.get(String(assigned));
        const start = await log.startOffset(at);
        const end = await log.endOffset(at);
        if (known === undefined && end > start) this.#history.set(assigned, end);
        consumer.assign(at, Math.max(known ?? 0, start));
      }
      const next = this.#decider.nextDue();
      const wait = next === undefined ? POLL_MS : Math.min(POLL_MS, Math.max(0, next - Date.now()));
      for (const cursor of await consumer.poll(wait)) await this.#read(cursor);
      await this.#step();
    }
  }

  async #read(cursor: RecordCursor): Promise<void> {
    const { decoder, incidentsTopic, settings } = this.#options;
    const { nextOffset, partition, topic } = cursor;
    if (topic === NOTIFY_TOPICS.actions) {
      for (const { key, value } of jsonRecords(cursor)) this.#hearSaid(key, value);
    } else if (topic === NOTIFY_TOPICS.config) {
      for (const record of jsonRecords(cursor)) settings.read(record);
    } else if (topic === incidentsTopic) {
      // What an incident was made of was written before it, and may not have been read here.
      await this.#options.evidenceIsRead?.();
      while (cursor.next()) {
        const { offset } = cursor;
        const { key, value } = await decoder.decode(cursor);
        // From here on nothing is awaited: what is written holds all of it, or nothing.
        if (key !== null && isIncident(value)) this.#decider.incident(key, value, Date.now());
        this.#moveTo(partition, offset + 1);
        this.#decide();
      }
      this.#moveTo(partition, nextOffset);
    }
  }

  #moveTo(partition: number, offset: number): void {
    this.#positions.set(String(partition), offset);
    if (offset >= (this.#history.get(partition) ?? 0)) this.#history.delete(partition);
  }

  /** Decides, writes what was decided, and tells what was written. */
  async #step(): Promise<void> {
    this.#decide();
    await this.#write();
    for (const [id, record] of this.#pending.entries()) if (!this.#sent.has(id)) this.#send(record);
  }

  #decide(): void {
    if (this.#history.size > 0) return;
    for (const notification of this.#decider.due(Date.now())) this.#add(notification);
  }

  #add(notification: Notification): void {
    const id = `msg_${randomUUID().replaceAll('-', '')}`;
    const record: DeliveryRecord = { id, state: 'pending', created: Date.now(), attempts: [], notification };
    this.#pending.set(id, record);
    this.#noted.push(record);
  }

  #send(record: DeliveryRecord): void {
    this.#sent.add(record.id);
    const { channel, group } = record.notification;
    const queue = `${channel}|${group}`;
    const before = this.#queues.get(queue) ?? Promise.resolve();
    const sending = before
      .then(() => this.#lanesOf(channel).run(() => this.#deliver(record)))
      .catch((error: unknown) => {
        // What was aborted is tried again by who tells next.
        if (!this.#signal.aborted) this.#failure ??= error as Error;
      })
      .finally(() => {
        if (this.#queues.get(queue) === sending) this.#queues.delete(queue);
      });
    this.#queues.set(queue, sending);
  }

  #lanesOf(channel: string): Lanes {
    let lanes = this.#lanes.get(channel);
    if (lanes === undefined) {
      lanes = new Lanes(CALLS_OF_A_CHANNEL);
      this.#lanes.set(channel, lanes);
    }
    return lanes;
  }

  async #deliver(record: DeliveryRecord): Promise<void> {
    this.#signal.throwIfAborted();
    const { settings } = this.#options;
    const config = settings.channels.get(record.notification.channel);
    let current = record;
    const note = (attempt: Attempt, state: DeliveryRecord['state']) => {
      current = { ...current, state, attempts: [...current.attempts, attempt].slice(-MAX_ATTEMPTS_KEPT) };
      this.#noted.push(current);
      if (state === 'pending') this.#pending.set(record.id, current);
      else {
        this.#pending.delete(record.id);
        this.#sent.delete(record.id);
      }
    };
    const said = this.#whyNot(config, record);
    if (config === undefined || said !== undefined) {
      note({ time: Date.now(), took_ms: 0, ok: false, said: said ?? '' }, 'failed');
      return this.#write();
    }
    const channel = openChannel(settings, config, this.#outbound);
    const outcome = await deliver(
      channel,
      { id: record.id, notification: record.notification },
      this.#options.retry ?? DEFAULT_RETRY,
      // A signal of its own, for each listens while it waits: many on one would look like a leak.
      AbortSignal.any([this.#signal]),
      async (attempt) => {
        note(attempt, attempt.ok ? 'delivered' : 'pending');
        await this.#write();
      },
    );
    if (outcome.delivered) return;
    if (outcome.isGone) {
      this.#disabled.set(config.name, fingerprintOf(config));
      this.#options.onProblem(`the channel "${config.name}" is disabled: its receiver answers that it is gone (410)`);
      this.#decider.setRules(this.#rules(), Date.now());
    }
    current = { ...current, state: 'failed' };
    this.#noted.push(current);
    this.#pending.delete(record.id);
    this.#sent.delete(record.id);
    await this.#write();
  }

  #whyNot(config: ChannelConfig | undefined, { created }: DeliveryRecord): string | undefined {
    if (config === undefined) return 'there is no such channel any more';
    if (this.#isDisabled(config)) return 'the channel is disabled: its receiver is gone (410)';
    return Date.now() - created > TOO_OLD_MS ? 'it could not be told for a day' : undefined;
  }

  /** Writes all that has changed, after what is being written. @throws LogError */
  #write(): Promise<void> {
    const write = this.#writing.then(() => this.#commit());
    this.#writing = write.catch(() => {});
    return write;
  }

  async #commit(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const changes = this.#tables.flatMap(([name, table]) => {
      return table.takeChanges().map(([key, value]): [string, unknown] => [`${name}/${key}`, value]);
    });
    const noted = this.#noted;
    if (changes.length === 0 && noted.length === 0) return;
    this.#noted = [];
    const transaction = this.#leadership.transaction();
    const now = Date.now();
    for (const [key, value] of changes) {
      const bytes = value === null ? null : Buffer.from(JSON.stringify(value));
      transaction.append(NOTIFY_TOPICS.state, 0, now, Buffer.from(key), bytes);
    }
    for (const record of noted) {
      transaction.append(NOTIFY_TOPICS.deliveries, 0, now, Buffer.from(record.id), Buffer.from(JSON.stringify(record)));
    }
    try {
      await transaction.commit();
    } catch (error) {
      // What is in memory is ahead of what is written: it is read anew.
      this.#failure ??= error as Error;
      throw error;
    }
  }

  get #tables(): readonly (readonly [string, Table<unknown>])[] {
    const { changes, feedback, groups, known, said, told } = this.#state;
    const tables = {
      changes,
      feedback,
      groups,
      known,
      said,
      told,
      ...{ pending: this.#pending, position: this.#positions },
    };
    return Object.entries({ ...tables, disabled: this.#disabled }) as unknown as [string, Table<unknown>][];
  }

  #restore(key: string, value: unknown): void {
    const slash = key.indexOf('/');
    const name = key.slice(0, slash);
    for (const [one, table] of this.#tables) if (one === name) table.restore(key.slice(slash + 1), value);
  }

  #hearSaid(incident: string, value: unknown): void {
    this.#decider.feedback(incident, feedbackIn(value));
    const said = saidIn(value);
    if (said !== undefined) this.#decider.said(incident, said, Date.now());
  }

  #isDisabled(config: ChannelConfig): boolean {
    return this.#disabled.get(config.name) === fingerprintOf(config);
  }

  #rules() {
    const { isOfMaintenance, settings } = this.#options;
    return { ...settings.rules((config) => this.#isDisabled(config)), ...(isOfMaintenance && { isOfMaintenance }) };
  }
}

const MAX_ATTEMPTS_KEPT = 20;
const TOO_OLD_MS = 86_400_000;
/** At a time: a channel that is slow must not be flooded, nor hold up others. */
const CALLS_OF_A_CHANNEL = 8;

/** A channel that was changed is tried again. */
function fingerprintOf(config: ChannelConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}

function isIncident(value: unknown): value is Incident | null {
  return value === null || (typeof value === 'object' && 'scope' in value && 'severity' in value && 'state' in value);
}
