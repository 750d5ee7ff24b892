import { randomUUID } from 'node:crypto';
import type { Log, LogConsumer } from '@millrace/streams';
import type { RecordDecoder } from '../app/results/record-decoder.js';
import type { Incident } from '../schemas/records.js';
import type { FileConfig } from './config.js';
import type { Notification, Rules } from './decider.js';
import { DeliveryLog, type DeliveryRecord } from './delivery-log.js';
import { labelsOf } from './labels.js';
import { Notifier, type NotifierOptions, openChannel, outboundOf } from './notifier.js';
import { NotifyError } from './notify-error.js';
import type { Outbound } from './outbound.js';
import { groupKeyOf, routesFor } from './routing.js';
import type { Secrets } from './secrets.js';
import { Settings } from './settings.js';
import { mutedBy, type SilenceSpec, silenceOf } from './silences.js';
import { jsonRecords, makeNotifyTopics, NOTIFY_TOPICS } from './topics.js';

export interface NotifyOptions {
  readonly log: Log;
  readonly decoder: RecordDecoder;
  readonly incidentsTopic: string;
  readonly file: FileConfig;
  readonly secrets: Secrets;
  readonly onProblem: (message: string) => void;
  /** Whether an incident comes of what is maintained, and is not told. Default: none does. */
  readonly isOfMaintenance?: Rules['isOfMaintenance'];
  /** Resolves when what `isOfMaintenance` goes by has been read as far as it was written when it was called. */
  readonly evidenceIsRead?: NotifierOptions['evidenceIsRead'];
}

/** How one try went. */
export interface TestResult {
  readonly ok: boolean;
  readonly said: string;
  readonly took_ms: number;
}

/** Where an incident would be told. */
export interface RouteTry {
  readonly route: string;
  readonly channels: readonly string[];
  readonly group: string;
}

const POLL_MS = 250;

/** Alert delivery as a server has it: it tells, if this process is the one that does, and answers what is asked of it. */
export class NotifyService {
  readonly settings: Settings;
  readonly deliveries = new DeliveryLog();
  readonly #log: Log;
  #outbound: Outbound;
  readonly #notifier: Notifier;
  readonly #consumer: LogConsumer;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  private constructor(options: NotifyOptions) {
    const { file, log, secrets } = options;
    this.#log = log;
    this.settings = new Settings(log, file, secrets);
    this.#outbound = outboundOf(this.settings);
    this.#consumer = log.consumer();
    this.#following = this.#follow().catch((error: Error) => {
      if (!this.#stop.signal.aborted) options.onProblem(`deliveries are not followed any more: ${error.message}`);
    });
    // Who tells reads the edited settings itself, in step with what it decides.
    this.#notifier = Notifier.start({ ...options, settings: new Settings(log, file, secrets) });
  }

  static async start(options: NotifyOptions): Promise<NotifyService> {
    await makeNotifyTopics(options.log);
    return new NotifyService(options);
  }

  /** Takes other channels, routes, silences and the like than the file has had before. */
  useFile(file: FileConfig): void {
    this.settings.useFile(file);
    this.#outbound = outboundOf(this.settings);
    this.#notifier.useFile(file);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#notifier.close();
    await this.#consumer.close();
    await this.#following;
  }

  /** What was told of an incident, the newest first. */
  deliveriesOf(incident: string): readonly DeliveryRecord[] {
    return this.deliveries.of(incident);
  }

  /** Which incidents a silence would keep from being told. @throws NotifyError NOTIFY_MATCHER */
  preview(matchers: readonly string[], incidents: readonly Incident[]): readonly Incident[] {
    const spec: SilenceSpec = { id: '', matchers, from: 0, until: null, schedule: null, reason: '', by: '' };
    const items = incidents.map((incident) => ({ incident, labels: labelsOf(incident, this.settings.file.tenant) }));
    return mutedBy(silenceOf(spec), items).map(({ incident }) => incident);
  }

  /** Where an incident would be told, and the silences that keep it from that. */
  tryRoutes(incident: Incident, now = Date.now()): { routes: RouteTry[]; silenced_by: string[] } {
    const { route, silences, tenant } = this.settings.rules(() => false);
    const labels = labelsOf(incident, tenant);
    return {
      routes: routesFor(route, labels).map((one) => {
        return { route: one.id, channels: one.channels, group: groupKeyOf(one, labels) };
      }),
      silenced_by: silences.filter((silence) => silence.mutes(labels, now)).map(({ spec }) => spec.id),
    };
  }

  /** Tells a channel of an incident that there is not. @throws NotifyError NOTIFY_UNKNOWN */
  async test(channel: string): Promise<TestResult> {
    const now = Date.now();
    const incident: Incident = {
      ...{ id: `test/${randomUUID()}`, source_kind: 'service', scope: 'test', state: 'opened', severity: 'info' },
      ...{ opened: now, updated: now, resolved: null, alerts: 1, detectors: ['test'], entities: ['test'] },
      summary: 'This is a test of the channel. Nothing has happened.',
    };
    const told = { incident, firing: true, flapping: false, acknowledged: false };
    const notification: Notification = {
      ...{ channel, route: 'test', group: 'test', groupLabels: {}, reason: 'opened', time: now, incidents: [told] },
    };
    return this.#tell(channel, `msg_${randomUUID().replaceAll('-', '')}`, notification);
  }

  /** Tells once more, with the id of the first time. @throws NotifyError NOTIFY_UNKNOWN */
  async replay(id: string): Promise<TestResult> {
    const record = this.deliveries.get(id);
    if (record === undefined) throw new NotifyError('NOTIFY_UNKNOWN', `there is no delivery "${id}"`);
    const time = Date.now();
    const result = await this.#tell(record.notification.channel, id, record.notification);
    const attempts = [...record.attempts, { time, ...result }];
    // One that is on its way stays so: who tells goes on with it.
    const state = record.state === 'pending' ? 'pending' : result.ok ? 'delivered' : record.state;
    const noted: DeliveryRecord = { ...record, state, attempts };
    const transaction = this.#log.transaction();
    transaction.append(NOTIFY_TOPICS.deliveries, 0, time, Buffer.from(id), Buffer.from(JSON.stringify(noted)));
    await transaction.commit();
    return result;
  }

  async #tell(name: string, id: string, notification: Notification): Promise<TestResult> {
    const config = this.settings.channels.get(name);
    if (config === undefined) throw new NotifyError('NOTIFY_UNKNOWN', `there is no channel "${name}"`);
    const started = performance.now();
    const done = (ok: boolean, said: string) => ({ ok, said, took_ms: Math.round(performance.now() - started) });
    try {
      const channel = openChannel(this.settings, config, this.#outbound);
      // A signal of its own, for each listens: many on one would look like a leak.
      return done(true, await channel.deliver({ id, notification }, AbortSignal.any([this.#stop.signal])));
    } catch (error) {
      return done(false, (error as Error).message);
    }
  }

  async #follow(): Promise<void> {
    for (const topic of [NOTIFY_TOPICS.config, NOTIFY_TOPICS.deliveries]) {
      const at = { topic, partition: 0 };
      this.#consumer.assign(at, await this.#log.startOffset(at));
    }
    while (!this.#stop.signal.aborted) {
      for (const cursor of await this.#consumer.poll(POLL_MS)) {
        for (const record of jsonRecords(cursor)) {
          if (cursor.topic === NOTIFY_TOPICS.config) this.settings.read(record);
          else this.deliveries.read(record);
        }
      }
    }
  }
}
