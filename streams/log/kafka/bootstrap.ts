import { isIP } from 'node:net';
import type { ConnectionOptions, Connection as KafkaConnection } from '@platformatic/kafka';
import { LogError } from '../log.js';
import type { KafkaSettings } from './client-settings.js';
import { apiVersionsV3, Connection, createAPI, Writer } from './protocol.js';
import { connectionRefusal } from './refusals.js';

const DEFAULT_PORT = 9092;
const CHECK_MS = 3000;
const HEARTBEAT_KEY = 68;
const UNSUPPORTED_VERSION = 35;
/** Tells that a member leaves; of one that was never there, nothing follows from it. */
const LEAVES = -1;
const NOBODY = 'nobody';
const UNKNOWN_MS = -1;

/** Kafka's ConsumerGroupHeartbeat request, of a member that leaves; the code of the answer. */
const leaveGroup = createAPI<[group: string], number>(
  HEARTBEAT_KEY,
  0,
  (group) =>
    Writer.create()
      .appendString(group)
      .appendString(NOBODY)
      .appendInt32(LEAVES)
      .appendString(null)
      .appendString(null)
      .appendInt32(UNKNOWN_MS)
      .appendArray(null, () => {})
      .appendString(null)
      .appendArray(null, () => {})
      .appendTaggedFields(),
  (_correlationId, _key, _version, reader) => {
    // How long the broker asks to be left alone.
    reader.readInt32();
    return reader.readInt16();
  },
);

export interface BootstrapOptions {
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  readonly clientId: string;
  readonly settings: KafkaSettings;
  readonly connection: ConnectionOptions;
}

/** Asks the brokers that a user has named who they are, over connections of its own. */
export class Bootstrap {
  readonly #options: BootstrapOptions;

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  /**
   * Resolves when one of them answers.
   *
   * @throws LogError LOG_REFUSED when they answer, and let nobody in like this; another error when none answers
   */
  async check(): Promise<void> {
    await this.#any(async () => {});
  }

  /**
   * Whether brokers assign the partitions of groups (KIP-848): from Kafka 4.0 on, and before where it was switched on.
   *
   * @throws as `check` does
   */
  hasGroupProtocol(group: string): Promise<boolean> {
    return this.#any(async (connection) => {
      const { apiKeys } = await apiVersionsV3.api.async(connection, this.#options.clientId, '1');
      if (!apiKeys.some(({ apiKey }) => apiKey === HEARTBEAT_KEY)) return false;
      // Brokers name the request also when they do not take it.
      return (await leaveGroup.async(connection, group)) !== UNSUPPORTED_VERSION;
    });
  }

  async #any<T>(ask: (connection: KafkaConnection) => Promise<T>): Promise<T> {
    const { brokers, settings } = this.#options;
    const addresses = brokers.split(',').map((address) => address.trim());
    try {
      return await Promise.any(addresses.map((address) => this.#ask(address, ask)));
    } catch (error) {
      const { errors } = error as AggregateError;
      for (const [i, cause] of errors.entries()) {
        const refusal = connectionRefusal(addresses[i] ?? brokers, settings, cause);
        if (refusal !== undefined) throw refusal;
      }
      throw errors.find((cause) => cause instanceof LogError) ?? errors[0];
    }
  }

  async #ask<T>(address: string, ask: (connection: KafkaConnection) => Promise<T>): Promise<T> {
    const { clientId, connection: options } = this.#options;
    const [host, port] = hostAndPort(address);
    const connection = new Connection(clientId, {
      ...options,
      connectTimeout: CHECK_MS,
      requestTimeout: CHECK_MS,
      tlsServerName: isIP(host) === 0,
    });
    let failure: unknown;
    connection.on('error', (error: unknown) => {
      failure ??= error;
    });
    try {
      await connection.connect(host, port);
      // With TLS 1.3 a client learns of the refusal of its certificate only when it asks something.
      await apiVersionsV3.api.async(connection, clientId, '1');
      return await ask(connection);
    } catch (error) {
      throw failure ?? error;
    } finally {
      await connection.close().catch(() => {});
    }
  }
}

/** @throws LogError LOG_SETTING */
export function hostAndPort(address: string): readonly [host: string, port: number] {
  const [, bracketed, plain, port = DEFAULT_PORT] =
    /^(?:[A-Za-z_]+:\/\/)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) {
    throw new LogError('LOG_SETTING', `"${address}" is not the address of a broker; it must be host:port`);
  }
  return [host, Number(port)];
}
