import { SerdePendingError } from '@millrace/streams';
import type { RegistrationOptions, SchemaRegistry } from '@millrace/streams/avro';
import type { Schema } from 'avsc';
import { findSchema, registerSchema } from './registration.js';
import { type RegisteredVersion, type RegistryAddress, RegistryApi } from './registry-api.js';
import { type OutageListener, RegistryOutage } from './registry-outage.js';
import type { SchemaCatalogue } from './schema-catalogue.js';
import { SchemaError } from './schema-error.js';

export interface ConfluentRegistryOptions extends RegistryAddress, OutageListener {
  /** False: schemas are only looked up, and never added. Default true. */
  readonly autoRegister?: boolean;
  /** How long an answer may take. Default 10,000 ms. */
  readonly requestTimeoutMs?: number;
  /** How long an id that the registry does not know is not asked for again. Default 30,000 ms. */
  readonly unknownIdMs?: number;
  /** Ends all waiting; then `close` is not needed. */
  readonly signal?: AbortSignal;
}

interface UnknownId {
  readonly error: Error;
  readonly untilMs: number;
}

/**
 * A registry that speaks Confluent's REST API: Confluent's own, Apicurio, Karapace.
 *
 * While it is away nothing is lost: registrations and look-ups are tried again until it answers or the registry is closed,
 * and the records that need a look-up wait for it. Schemas that were found are kept.
 *
 * ```ts
 * const registry = new ConfluentRegistry({ url: 'http://localhost:8081', onUnavailable: ({ message }) => log(message) });
 * const serde = await AvroSerde.create<AccessLog>({ registry, subject: 'test-inter-value', schema });
 * ```
 */
export class ConfluentRegistry implements SchemaRegistry, SchemaCatalogue {
  readonly #api: RegistryApi;
  readonly #outage: RegistryOutage;
  readonly #autoRegister: boolean;
  readonly #unknownIdMs: number;
  readonly #closing = new AbortController();
  readonly #schemas = new Map<number, Schema>();
  /** Look-ups on their way: records that need the same id wait for the same one. */
  readonly #pending = new Map<number, Promise<void>>();
  /** In the order of their ends. */
  readonly #unknown = new Map<number, UnknownId>();
  /** Registrations come one after the other, so that their ids follow the order of the calls. */
  #lastRegistration: Promise<unknown> = Promise.resolve();

  /** Connects to nothing yet. @throws SchemaError REGISTRY_WRONG_ADDRESS when the URL is not one */
  constructor(options: ConfluentRegistryOptions) {
    const { autoRegister = true, onRecovered, onUnavailable, signal, unknownIdMs = 30_000, ...api } = options;
    const closing = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    this.#api = new RegistryApi({ ...api, signal: closing });
    this.#outage = new RegistryOutage({
      signal: closing,
      ...(onUnavailable === undefined ? {} : { onUnavailable }),
      ...(onRecovered === undefined ? {} : { onRecovered }),
    });
    this.#autoRegister = autoRegister;
    this.#unknownIdMs = unknownIdMs;
  }

  /** Where it is, without user and password. */
  get address(): string {
    return this.#api.address;
  }

  /**
   * @throws SchemaError SCHEMA_INCOMPATIBLE, SCHEMA_INVALID, SCHEMA_NOT_REGISTERED, REGISTRY_REFUSED,
   * REGISTRY_WRONG_ADDRESS, REGISTRY_CLOSED
   */
  register(subject: string, schema: Schema, options: RegistrationOptions = {}): Promise<number> {
    const { autoRegister = this.#autoRegister, references = [] } = options;
    const definition = { schema, references };
    const registration = this.#lastRegistration.then(() =>
      this.#outage.outlast(() =>
        autoRegister ? registerSchema(this.#api, subject, definition) : findSchema(this.#api, subject, definition),
      ),
    );
    this.#lastRegistration = registration.catch(() => {});
    return registration.then(({ id }) => id);
  }

  /**
   * @throws SerdePendingError until the schema was fetched, SchemaError SCHEMA_ID_UNKNOWN or SCHEMA_INVALID when there is
   * none to decode with
   */
  schemaById(id: number): Schema {
    const schema = this.#schemas.get(id);
    if (schema !== undefined) return schema;
    const unknown = this.#unknown.get(id);
    if (unknown !== undefined && Date.now() < unknown.untilMs) throw unknown.error;
    throw new SerdePendingError(`schema ${id} is on its way from ${this.address}`, this.#lookUp(id));
  }

  /** Asked once, without waiting for a registry that is away. @throws SchemaError */
  subjects(): Promise<readonly string[]> {
    return this.#api.subjects();
  }

  /** Asked once, without waiting for a registry that is away. @throws SchemaError */
  async versionsOf(subject: string): Promise<readonly RegisteredVersion[]> {
    const versions = await this.#api.versions(subject);
    const found = await Promise.all(versions.map((version) => this.#api.version(subject, version)));
    return found.filter((version) => version !== undefined);
  }

  /** Ends all waiting: pending look-ups fail with REGISTRY_CLOSED. */
  close(): void {
    this.#closing.abort();
  }

  #lookUp(id: number): Promise<void> {
    const known = this.#pending.get(id);
    if (known !== undefined) return known;
    const lookUp = this.#fetch(id).finally(() => this.#pending.delete(id));
    // Whoever needed it may be gone when it fails.
    lookUp.catch(() => {});
    this.#pending.set(id, lookUp);
    return lookUp;
  }

  /** Ends well also when there is no such schema: that is found out when the record is decoded again. */
  async #fetch(id: number): Promise<void> {
    try {
      this.#schemas.set(id, await this.#outage.outlast(() => this.#api.schemaById(id)));
    } catch (error) {
      if (!(error instanceof SchemaError) || !isAboutSchema(error)) throw error;
      this.#remember(id, error);
    }
  }

  /** A flood of records that cannot be decoded costs one request, not one each. */
  #remember(id: number, error: Error): void {
    const nowMs = Date.now();
    for (const [other, { untilMs }] of this.#unknown) {
      if (untilMs > nowMs) break;
      this.#unknown.delete(other);
    }
    this.#unknown.delete(id);
    this.#unknown.set(id, { error, untilMs: nowMs + this.#unknownIdMs });
  }
}

function isAboutSchema({ code }: SchemaError): boolean {
  return code === 'SCHEMA_ID_UNKNOWN' || code === 'SCHEMA_INVALID';
}
