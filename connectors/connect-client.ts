import { z } from 'zod';
import { ConnectorError } from './connector-error.js';
import { type Answer, HttpService } from './http-service.js';

const state = z.enum(['RUNNING', 'FAILED', 'PAUSED', 'STOPPED', 'UNASSIGNED', 'RESTARTING', 'DESTROYED']);
const trace = z.string().optional();

const connectorStatus = z.object({
  name: z.string(),
  connector: z.object({ state, worker_id: z.string(), trace }),
  tasks: z.array(z.object({ id: z.int(), state, worker_id: z.string(), trace })),
});
export type ConnectorStatus = z.infer<typeof connectorStatus>;

const plugins = z.array(z.object({ class: z.string(), type: z.string(), version: z.string().nullish() }));

const validation = z.object({
  configs: z.array(z.object({ value: z.object({ name: z.string(), errors: z.array(z.string()).default([]) }) })),
});

/** A setting that Connect does not take. */
export interface ConfigProblem {
  readonly setting: string;
  readonly message: string;
}

export interface ConnectClientOptions {
  /** Such as `http://127.0.0.1:8083`. */
  readonly url: string;
  /** How long to try again while no worker answers or the workers rebalance. Default: 60 s. */
  readonly waitMs?: number;
  /** Called once, when it has to wait for longer than a rebalance takes. */
  readonly onWait?: ((why: string) => void) | undefined;
}

/** Kafka Connect's REST API, as far as it is needed here. Every call can fail with ConnectorError SERVICE_…. */
export class ConnectClient {
  readonly #service: HttpService;

  constructor({ onWait, url, waitMs = 60_000 }: ConnectClientOptions) {
    this.#service = new HttpService({ name: 'Kafka Connect', url, waitMs, onWait });
  }

  get address(): string {
    return this.#service.address;
  }

  /** The connectors that the workers have. */
  async names(): Promise<string[]> {
    return this.#parse(z.array(z.string()), await this.#service.request('GET', 'connectors'));
  }

  /** The connector classes that are installed. */
  async pluginClasses(): Promise<string[]> {
    const answer = await this.#service.request('GET', 'connector-plugins');
    return this.#parse(plugins, answer).map((plugin) => plugin.class);
  }

  /** @returns what Connect finds wrong in the settings; nothing when all is well */
  async validate(name: string, config: Readonly<Record<string, string>>): Promise<ConfigProblem[]> {
    const className = config['connector.class'] ?? '';
    const answer = await this.#service.request(
      'PUT',
      `connector-plugins/${encodeURIComponent(className)}/config/validate`,
      { body: { ...config, name } },
    );
    return this.#parse(validation, answer).configs.flatMap(({ value }) =>
      value.errors.map((message) => ({ setting: value.name, message })),
    );
  }

  /** @returns undefined when there is no such connector */
  async config(name: string): Promise<Record<string, string> | undefined> {
    const answer = await this.#get(name, 'config');
    return answer && this.#parse(z.record(z.string(), z.string()), answer);
  }

  /** Makes the connector, or gives it other settings. */
  async putConfig(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#service.request('PUT', `connectors/${encodeURIComponent(name)}/config`, { body: config });
  }

  /** @returns undefined when there is no such connector, or it is so new that nothing is known of it yet */
  async status(name: string): Promise<ConnectorStatus | undefined> {
    const answer = await this.#get(name, 'status');
    return answer && this.#parse(connectorStatus, answer);
  }

  /** Starts again what has failed of the connector and its tasks, and leaves the rest alone. */
  async restartFailed(name: string): Promise<void> {
    const path = `connectors/${encodeURIComponent(name)}/restart?includeTasks=true&onlyFailed=true`;
    await this.#service.request('POST', path);
  }

  /** @returns whether there was one */
  async delete(name: string): Promise<boolean> {
    const path = `connectors/${encodeURIComponent(name)}`;
    return (await this.#service.request('DELETE', path, { allow: [404] })).status !== 404;
  }

  async #get(name: string, what: 'config' | 'status'): Promise<Answer | undefined> {
    const path = `connectors/${encodeURIComponent(name)}/${what}`;
    const answer = await this.#service.request('GET', path, { allow: [404] });
    return answer.status === 404 ? undefined : answer;
  }

  #parse<T>(schema: z.ZodType<T>, { body, status }: Answer): T {
    const read = schema.safeParse(body);
    if (read.success) return read.data;
    throw new ConnectorError(
      'SERVICE_REFUSED',
      `what answers at ${this.address} is not Kafka Connect's REST API (HTTP ${status} without the fields it should have)`,
      { cause: read.error },
    );
  }
}

/** The first line of why the connector or one of its tasks has failed; undefined when none has. */
export function failureOf({ connector, tasks }: ConnectorStatus): string | undefined {
  const failed = [
    { what: 'the connector', ...connector },
    ...tasks.map((task) => ({ what: `task ${task.id}`, ...task })),
  ].find((part) => part.state === 'FAILED');
  if (failed === undefined) return undefined;
  return `${failed.what} has failed: ${failed.trace?.split('\n')[0] ?? 'Connect does not say why'}`;
}

export function isRunning({ connector, tasks }: ConnectorStatus): boolean {
  return connector.state === 'RUNNING' && tasks.length > 0 && tasks.every((task) => task.state === 'RUNNING');
}
