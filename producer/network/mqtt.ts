import type { IPublishPacket, MqttClient, Packet } from 'mqtt';
import { ProducerError } from '../producer-error.js';
import { type Credentials, credentialsIn } from '../remote/credentials.js';
import { shownUrl } from '../remote/shown-url.js';

const CONNECT_MS = 10_000;
const RECONNECT_MS = 1_000;
const KEEP_ALIVE_S = 30;

/** A message, and how it is told apart from another that is the same. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** Of QoS 1, for as long as it is not acknowledged; undefined of QoS 0. */
  readonly packetId: number | undefined;
  /** It may have come before. */
  readonly isRepeated: boolean;
}

export interface MqttSourceOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with a name and a password where the broker wants them. */
  readonly url: string;
  /** Topic filters, such as `sensors/#`. */
  readonly filters: readonly string[];
  /** The broker keeps under it what comes while nobody is connected. */
  readonly clientId: string;
  /** The broker keeps nothing for it. Default false. */
  readonly isPassing?: boolean;
  /** In place of the URL's. */
  readonly credentials?: Credentials | undefined;
  /** Resolves when the message is durable: it is acknowledged then. */
  take(message: MqttMessage): Promise<void>;
  /** Resolves when there is room for more: nothing is read of the connection until then. */
  room(): Promise<void>;
  /** Told when the broker is away, and when it is back. */
  onNotice(message: string): void;
  /** A message cannot be made durable; it stays with the broker. */
  onFailure(error: Error): void;
}

/** What the client has, and its types hide: the acknowledgement that it sends as soon as it has handed a message over. */
interface Sending {
  _sendPacket(packet: Packet, done?: (error?: Error) => void): void;
}

/**
 * Receives from an MQTT broker, with QoS 1 and a session that the broker keeps: what comes while nobody is here waits there.
 * A message is acknowledged when it is durable, many at a time.
 */
export class MqttSource {
  readonly #client: MqttClient;
  readonly #options: MqttSourceOptions;
  readonly #taking = new Set<Promise<void>>();
  /** What is acknowledged later, by its packet's identifier. */
  readonly #held = new Map<number, () => void>();
  #isClosing = false;
  #isAway = false;

  private constructor(client: MqttClient, options: MqttSourceOptions) {
    this.#client = client;
    this.#options = options;
    this.#holdAcknowledgements();
    client.handleMessage = (packet, callback) => this.#receive(packet, callback);
    client.on('close', () => {
      // What was not acknowledged comes again on the next connection, and is acknowledged there.
      this.#held.clear();
      if (this.#isClosing || this.#isAway) return;
      this.#isAway = true;
      options.onNotice(`the MQTT broker at ${shownUrl(options.url)} is away; it is tried again every second`);
    });
    client.on('connect', () => {
      if (this.#isAway) options.onNotice(`the MQTT broker at ${shownUrl(options.url)} is back`);
      this.#isAway = false;
    });
    client.on('error', () => {});
  }

  /** @throws ProducerError SOURCE_UNREACHABLE when the broker is not there, or refuses */
  static async connect(options: MqttSourceOptions): Promise<MqttSource> {
    const { clientId, credentials, filters, isPassing: clean = false, url } = options;
    const known = credentials ?? credentialsIn(url);
    // Few have a broker; loading the client takes longer than all of a small command.
    const { default: mqtt } = await import('mqtt');
    const client = mqtt.connect(url, {
      // The client would cut the URL's at the last colon.
      ...(known === undefined ? {} : { auth: '', username: known.name }),
      ...(known === undefined || known.password === '' ? {} : { password: known.password }),
      ...{ clientId, clean, keepalive: KEEP_ALIVE_S, reconnectPeriod: RECONNECT_MS, connectTimeout: CONNECT_MS },
      // A session that is kept knows its filters; one that is new is told.
      resubscribe: true,
      manualConnect: true,
    });
    const source = new MqttSource(client, options);
    try {
      await new Promise<void>((resolve, reject) => {
        client.once('connect', () => resolve());
        client.once('error', reject);
        client.once('close', () => reject(new Error('the connection was closed')));
        client.connect();
      });
      const granted = await client.subscribeAsync([...filters], { qos: 1 });
      const refused = granted.find(({ qos }) => qos > 2);
      if (refused !== undefined) throw new Error(`it refuses the subscription to ${refused.topic}`);
      return source;
    } catch (cause) {
      source.#isClosing = true;
      client.end(true);
      throw new ProducerError(
        'SOURCE_UNREACHABLE',
        `no messages from the MQTT broker at ${shownUrl(url)}: ${(cause as Error).message || 'it does not answer'}`,
        { cause },
      );
    }
  }

  /** Reads nothing more; resolves when what was read is durable and acknowledged. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.allSettled(this.#taking);
    await this.#client.endAsync().catch(() => {});
  }

  /** The client acknowledges a message before it reads the next one, so that each would wait for a commit of its own. */
  #holdAcknowledgements(): void {
    const sending = this.#client as unknown as Sending;
    const send = sending._sendPacket.bind(sending);
    sending._sendPacket = (packet, done = () => {}) => {
      if (packet.cmd !== 'puback' || packet.messageId === undefined) return send(packet, done);
      const acknowledge = () => send(packet);
      const { messageId } = packet;
      if (this.#held.has(messageId)) this.#held.set(messageId, acknowledge);
      else acknowledge();
      done();
    };
  }

  #receive(packet: IPublishPacket, callback: (error?: Error) => void): void {
    if (this.#isClosing) return;
    const { messageId, payload, qos, topic } = packet;
    const packetId = qos > 0 ? messageId : undefined;
    if (packetId !== undefined) this.#held.set(packetId, () => {});
    const taken = this.#options
      .take({
        topic,
        payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
        packetId,
        isRepeated: packet.dup,
      })
      .then(
        () => {
          const acknowledge = packetId === undefined ? undefined : this.#held.get(packetId);
          if (packetId !== undefined) this.#held.delete(packetId);
          if (!this.#isAway) acknowledge?.();
        },
        (error: Error) => this.#options.onFailure(error),
      )
      .finally(() => this.#taking.delete(taken));
    this.#taking.add(taken);
    void this.#options.room().then(() => callback());
  }
}
