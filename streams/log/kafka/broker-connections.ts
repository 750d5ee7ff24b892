import { isIP } from 'node:net';
import type { ConnectionOptions, Connection as KafkaConnection } from '@platformatic/kafka';
import { LogError } from '../log.js';
import type { KafkaSettings } from './client-settings.js';
import type { BrokerAddress } from './cluster.js';
import { FETCH_KEY, FETCH_VERSION } from './fetch-api.js';
import { apiVersionsV3, Connection } from './protocol.js';
import { connectionRefusal } from './refusals.js';

/** A broker that starts may not know its users yet. */
const REFUSED_FOR_MS = 10_000;

/** One connection a broker, made when it is first asked for. */
export class BrokerConnections {
  readonly #clientId: string;
  readonly #options: ConnectionOptions;
  readonly #settings: KafkaSettings;
  readonly #connections = new Map<number, Promise<KafkaConnection>>();
  /** Since when brokers let nobody in. */
  readonly #refusedSince = new Map<number, number>();

  constructor(clientId: string, options: ConnectionOptions, settings: KafkaSettings) {
    this.#clientId = clientId;
    this.#options = options;
    this.#settings = settings;
  }

  /** @throws LogError LOG_SETTING when the broker is too old; LOG_REFUSED when it goes on to let nobody in */
  to(broker: BrokerAddress): Promise<KafkaConnection> {
    let connection = this.#connections.get(broker.id);
    if (connection === undefined) {
      connection = this.#connect(broker);
      this.#connections.set(broker.id, connection);
    }
    return connection;
  }

  /** The next request to the broker goes over a new connection. */
  async drop(broker: BrokerAddress): Promise<void> {
    const connection = this.#connections.get(broker.id);
    this.#connections.delete(broker.id);
    await connection?.then((opened) => opened.close()).catch(() => {});
  }

  async close(): Promise<void> {
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(connections.map((connection) => connection.then((opened) => opened.close()).catch(() => {})));
  }

  async #connect(broker: BrokerAddress): Promise<KafkaConnection> {
    try {
      const connection = await this.#open(broker);
      this.#refusedSince.delete(broker.id);
      return connection;
    } catch (error) {
      const refusal = connectionRefusal(`${broker.host}:${broker.port}`, this.#settings, error);
      if (refusal === undefined) throw error;
      const since = this.#refusedSince.get(broker.id) ?? performance.now();
      this.#refusedSince.set(broker.id, since);
      throw performance.now() - since > REFUSED_FOR_MS ? refusal : error;
    }
  }

  async #open({ host, port }: BrokerAddress): Promise<KafkaConnection> {
    const connection = new Connection(this.#clientId, { ...this.#options, tlsServerName: isIP(host) === 0 });
    // Whoever waits for an answer gets the error, too.
    connection.on('error', () => {});
    await connection.connect(host, port);
    const { apiKeys } = await apiVersionsV3.api.async(connection, this.#clientId, '1');
    const newest = apiKeys.find(({ apiKey }) => apiKey === FETCH_KEY)?.maxVersion ?? 0;
    if (newest >= FETCH_VERSION) return connection;
    await connection.close();
    throw new LogError(
      'LOG_SETTING',
      `the broker at ${host}:${port} is too old; Kafka 2.7 is the first that can be read`,
    );
  }
}
