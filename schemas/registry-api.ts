import { SchemaRegistry as Client, COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry';
import { MillraceError } from '@millrace/streams';
import avsc, { type Schema } from 'avsc';
import { z } from 'zod';
import { COMPATIBILITY_LEVELS, type CompatibilityLevel } from './compatibility.js';
import { SchemaError } from './schema-error.js';

export interface RegistryAddress {
  /**
   * The base of Confluent's API, such as `http://localhost:8081` or `http://localhost:8080/apis/ccompat/v7`. User and
   * password may stand in it. A CA that is not among the system's is given to Node in `NODE_EXTRA_CA_CERTS`.
   */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

export interface RegistryApiOptions extends RegistryAddress {
  /** Breaks requests off. */
  readonly signal?: AbortSignal;
  /** How long an answer may take. Default 10,000 ms. */
  readonly requestTimeoutMs?: number;
}

/** A schema that another one uses, as the registry knows it. */
export interface VersionReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** One version of a subject. The schema is as it was registered, with its references apart. */
export interface RegisteredVersion {
  readonly id: number;
  readonly version: number;
  readonly schema: Schema;
  readonly references: readonly VersionReference[];
}

const registeredVersion = z.object({
  id: z.int(),
  version: z.int(),
  schema: z.string().transform((text) => JSON.parse(text) as Schema),
  references: z
    .array(z.object({ name: z.string(), subject: z.string(), version: z.int() }))
    .nullish()
    .transform((references) => references ?? []),
});

const versionNumbers = z.array(z.int());
const subjectNames = z.array(z.string());
const level = z.object({ compatibilityLevel: z.string().toUpperCase().pipe(z.enum(COMPATIBILITY_LEVELS)) });
const verdict = z.object({ is_compatible: z.boolean(), messages: z.array(z.string()).nullish() });
const failure = z.object({ error_code: z.int().optional(), message: z.string() });

/** The registry's own 404s; any other comes from something that stands at its address. */
const NOT_FOUND_CODES = { least: 40_401, most: 40_499 };
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
const CLIENT_ID = 'millrace';
const LONGEST_REASON = 200;

/**
 * What is asked of a registry that speaks Confluent's REST API, a request each, without a second try.
 *
 * Registration and look-up by id go through the client library, which resolves references; the library has no requests
 * for versions, levels and checks.
 */
export class RegistryApi {
  /** Where it is, without user and password. */
  readonly address: string;
  readonly #client: Client;
  readonly #authorization: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number;

  /** @throws SchemaError REGISTRY_WRONG_ADDRESS when the URL is not one */
  constructor(options: RegistryApiOptions) {
    const { address, password, username } = parseAddress(options);
    const { requestTimeoutMs = 10_000, signal } = options;
    this.address = address;
    this.#signal = signal;
    this.#timeoutMs = requestTimeoutMs;
    this.#authorization =
      username === '' ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.#client = new Client({
      host: address,
      clientId: CLIENT_ID,
      ...(username === '' ? {} : { auth: { username, password } }),
      // Whoever calls decides on retries. The client keeps what is left out from the last client of the process.
      retry: { retries: 0, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 1, factor: 0.2, multiplier: 2 },
      // It has no time-out of its own.
      middlewares: [
        () => ({
          prepareRequest: async (next) =>
            (await next()).enhance({ timeout: requestTimeoutMs, ...(signal === undefined ? {} : { signal }) }),
        }),
      ],
    });
  }

  /**
   * The schema of an id, with its references in it.
   *
   * @throws SchemaError SCHEMA_ID_UNKNOWN when the registry says that it has none, SCHEMA_INVALID when it is not Avro
   */
  async schemaById(id: number): Promise<Schema> {
    let type: object;
    try {
      type = await this.#client.getSchema(id);
    } catch (error) {
      const { status, why } = clientFailure(error);
      if (status === undefined) {
        throw new SchemaError('SCHEMA_INVALID', `schema ${id} of ${this.address} cannot be used: ${why}`, {
          cause: error,
        });
      }
      if (status !== 404) throw this.#failure(status, undefined, why, error);
      // The client does not say whose 404 it is, and records are given up because of it.
      const found = await this.#found('GET', `/schemas/ids/${id}`);
      if (found !== undefined) throw this.#unavailable(why, error);
      throw new SchemaError('SCHEMA_ID_UNKNOWN', `no schema has the id ${id} in ${this.address}`, { cause: error });
    }
    if (!(type instanceof avsc.Type)) {
      throw new SchemaError(
        'SCHEMA_INVALID',
        `schema ${id} of ${this.address} cannot be used: it is not an Avro schema`,
      );
    }
    return type.schema({ exportAttrs: true });
  }

  /**
   * Makes the schema the newest version of the subject, whose level is `compatibility`.
   *
   * @throws SchemaError SCHEMA_INCOMPATIBLE, SCHEMA_INVALID
   */
  async register(
    subject: string,
    schema: Schema,
    references: readonly VersionReference[],
    compatibility: CompatibilityLevel,
  ): Promise<void> {
    try {
      await this.#client.register(
        { type: SchemaType.AVRO, schema: JSON.stringify(schema), references: [...references] },
        { subject, compatibility: COMPATIBILITY[compatibility] },
      );
    } catch (error) {
      const { status, why } = clientFailure(error);
      if (status === undefined) {
        throw new SchemaError('SCHEMA_INVALID', `the schema of ${subject} cannot be registered: ${why}`, {
          cause: error,
        });
      }
      throw this.#failure(status, subject, why, error);
    }
  }

  /** The subject's version that is this very text. */
  async find(
    subject: string,
    schema: Schema,
    references: readonly VersionReference[],
  ): Promise<RegisteredVersion | undefined> {
    const body = { schema: JSON.stringify(schema), references };
    return this.#parsed(registeredVersion, await this.#found('POST', `/subjects/${encodeURIComponent(subject)}`, body));
  }

  /** The names of all subjects. */
  async subjects(): Promise<string[]> {
    return (this.#parsed(subjectNames, await this.#found('GET', '/subjects')) ?? []).sort();
  }

  /** The numbers of the subject's versions, the oldest first; empty when there is no such subject. */
  async versions(subject: string): Promise<number[]> {
    const found = await this.#found('GET', `/subjects/${encodeURIComponent(subject)}/versions`);
    return (this.#parsed(versionNumbers, found) ?? []).sort((one, other) => one - other);
  }

  async version(subject: string, version: number): Promise<RegisteredVersion | undefined> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
    return this.#parsed(registeredVersion, await this.#found('GET', path));
  }

  /** The level that was set for the subject, if one was. */
  async compatibility(subject: string): Promise<CompatibilityLevel | undefined> {
    const found = await this.#found('GET', `/config/${encodeURIComponent(subject)}`);
    return this.#parsed(level, found)?.compatibilityLevel;
  }

  async setCompatibility(subject: string, compatibility: CompatibilityLevel): Promise<void> {
    const path = `/config/${encodeURIComponent(subject)}`;
    const set = await this.#found('PUT', path, { compatibility });
    if (set === undefined) throw this.#unavailable(`it has no ${path}`);
  }

  /**
   * What the registry says of a schema that is to follow the subject's versions.
   *
   * @returns undefined when it cannot say: Apicurio cannot where references are in play
   */
  async check(
    subject: string,
    schema: Schema,
  ): Promise<{ readonly compatible: boolean; readonly messages: readonly string[] } | undefined> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions?verbose=true`;
    let found: unknown;
    try {
      found = await this.#found('POST', path, { schema: JSON.stringify(schema) });
    } catch (error) {
      if (error instanceof SchemaError && error.code === 'SCHEMA_INVALID') return undefined;
      throw error;
    }
    const answer = this.#parsed(verdict, found);
    return answer && { compatible: answer.is_compatible, messages: answer.messages ?? [] };
  }

  /** @returns undefined where the registry has no such thing */
  async #found(method: string, path: string, body?: object): Promise<unknown> {
    try {
      return await this.#request(method, path, body);
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  async #request(method: string, path: string, body?: object): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.address}${path}`, {
        method,
        headers: {
          accept: `${CONTENT_TYPE}, application/json`,
          ...(body === undefined ? {} : { 'content-type': CONTENT_TYPE }),
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), ...(this.#signal ? [this.#signal] : [])]),
      });
      text = await response.text();
    } catch (cause) {
      throw this.#unavailable(connectionFailure(cause as Error), cause);
    }
    const content = parseJson(text);
    if (response.ok) {
      if (content === undefined) throw this.#wrongAddress(response.status);
      return content;
    }
    const { data } = failure.safeParse(content);
    const code = data?.error_code ?? 0;
    if (response.status === 404 && code >= NOT_FOUND_CODES.least && code <= NOT_FOUND_CODES.most) {
      throw new NotFound('NOT_FOUND', data?.message ?? 'it is not there');
    }
    throw this.#failure(response.status, path, data?.message ?? response.statusText);
  }

  #parsed<T>(type: z.ZodType<T>, content: unknown): T | undefined {
    if (content === undefined) return undefined;
    const { data, error } = type.safeParse(content);
    if (error !== undefined) throw this.#wrongAddress(200);
    return data;
  }

  /** What an answer of another status than 2xx means. */
  #failure(status: number, what: string | undefined, why: string, cause?: unknown): SchemaError {
    const of = what === undefined ? '' : ` (${what})`;
    if (status === 401 || status === 403) {
      const user = this.#authorization === undefined ? 'it wants a user and a password' : 'check user and password';
      return new SchemaError('REGISTRY_REFUSED', `the schema registry ${this.address} refuses access: ${user}${of}`, {
        cause,
      });
    }
    if (status === 404 || status === 405) return this.#wrongAddress(status);
    if (status === 409) {
      return new SchemaError(
        'SCHEMA_INCOMPATIBLE',
        `the schema${of} may not follow what ${this.address} has: ${why}; "millrace schemas check" says more`,
        { cause },
      );
    }
    if (status === 422) {
      return new SchemaError('SCHEMA_INVALID', `${this.address} takes the schema${of} for invalid: ${why}`, { cause });
    }
    return this.#unavailable(why, cause);
  }

  #unavailable(why: string, cause?: unknown): SchemaError {
    return new SchemaError('REGISTRY_UNAVAILABLE', `the schema registry ${this.address} is not available: ${why}`, {
      cause,
    });
  }

  #wrongAddress(status: number): SchemaError {
    return new SchemaError(
      'REGISTRY_WRONG_ADDRESS',
      `what is at ${this.address} is not a schema registry (it answered with status ${status}); ` +
        "the path may be missing: Apicurio's is /apis/ccompat/v7",
    );
  }
}

/** The registry says that there is no such subject, version or schema. */
class NotFound extends MillraceError<'NOT_FOUND'> {}

function parseAddress({ password, url, username }: RegistryAddress): {
  readonly address: string;
  readonly username: string;
  readonly password: string;
} {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    // What is not a URL may still have a password in it.
    const shown = url.replace(/\/\/[^/]*@/, '//***@');
    throw new SchemaError(
      'REGISTRY_WRONG_ADDRESS',
      `"${shown}" is not a registry's URL; it is like http://localhost:8081`,
    );
  }
  const parsed = new URL(url);
  return {
    address: `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, ''),
    username: username ?? decodeURIComponent(parsed.username),
    password: password ?? decodeURIComponent(parsed.password),
  };
}

/** The client turns a connection that fails into status 400; what is not an answer has no status at all. */
function clientFailure(error: unknown): { readonly status: number | undefined; readonly why: string } {
  const { message, status } = error as Error & { status?: unknown };
  const why = message
    .replace(new RegExp(`^${CLIENT_ID} - `), '')
    .replace(/^Error, (status 400: )?/, '')
    // Apicurio names its exceptions.
    .replace(/^[\w.$]+Exception: /, '')
    // A proxy may answer with a page.
    .replace(/\s+/g, ' ');
  return {
    status: typeof status === 'number' ? status : undefined,
    why: why.length > LONGEST_REASON ? `${why.slice(0, LONGEST_REASON)}…` : why,
  };
}

/** Node says "fetch failed", and hides why in the cause; several addresses that fail have no message, but a code. */
function connectionFailure({ cause, message }: Error): string {
  if (!(cause instanceof Error)) return message;
  return cause.message === '' ? String((cause as NodeJS.ErrnoException).code) : cause.message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
