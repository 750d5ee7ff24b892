import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectClient, type ConnectorStatus, failureOf, isRunning } from './connect-client.js';
import { ConnectorError } from './connector-error.js';
import type { Connector } from './connector-files.js';
import { mask, secretsOf } from './secrets.js';

const POLL_MS = 250;
/** For this long a failure may be one of before: Connect tells the new state a moment after it has taken a change. */
const FAILURE_SETTLES_MS = 3000;

export interface AppliedConnector {
  readonly name: string;
  /** `paused`: nothing had changed, and whoever paused or stopped it has to resume it. */
  readonly result: 'created' | 'updated' | 'restarted' | 'unchanged' | 'paused';
  readonly tasks: number;
}

export interface ApplyOptions {
  /** How long each connector and its tasks may take to run. */
  readonly runningWithinMs: number;
  /** Called for each as soon as it runs. */
  readonly onApplied?: (applied: AppliedConnector) => void;
}

/**
 * Brings connectors to the state that their files say, and waits until they run. All are validated before one is
 * touched; what has not changed is not restarted, but for what has failed.
 *
 * @throws ConnectorError PLUGIN_MISSING, CONFIG_INVALID, TASK_FAILED, NOT_RUNNING, SERVICE_…
 */
export async function applyConnectors(
  client: ConnectClient,
  connectors: readonly Connector[],
  { onApplied, runningWithinMs }: ApplyOptions,
): Promise<AppliedConnector[]> {
  await requirePlugins(client, connectors);
  await requireValid(client, connectors);
  const changes: { readonly connector: Connector; readonly result: AppliedConnector['result'] }[] = [];
  for (const connector of connectors) changes.push({ connector, result: await change(client, connector) });

  const applied: AppliedConnector[] = [];
  const failures: ConnectorError[] = [];
  for (const { connector, result } of changes) {
    try {
      const { tasks } = await waitUntilRunning(client, connector, result, runningWithinMs);
      applied.push({ name: connector.name, result, tasks: tasks.length });
      onApplied?.({ name: connector.name, result, tasks: tasks.length });
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first !== undefined) {
    throw new ConnectorError(first.code, failures.map(({ message }) => message).join('\n'), { cause: first });
  }
  return applied;
}

/** Whether Connect has just these settings. It adds the connector's name to what it was given. */
export function sameConfig(
  wanted: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
  name: string,
): boolean {
  const full = { ...wanted, name };
  const settings = Object.entries(full);
  return settings.length === Object.keys(there).length && settings.every(([key, value]) => there[key] === value);
}

async function requirePlugins(client: ConnectClient, connectors: readonly Connector[]): Promise<void> {
  const installed = await client.pluginClasses();
  const missing = connectors.filter(({ config }) => !isInstalled(config['connector.class'], installed));
  if (missing.length === 0) return;
  const wanted = missing.map(({ config, name }) => `${config['connector.class'] ?? 'no connector.class'} (${name})`);
  throw new ConnectorError(
    'PLUGIN_MISSING',
    `Kafka Connect at ${client.address} has no plugin for ${wanted.join(', ')}; it has: ${installed.join(', ') || 'none'}`,
  );
}

/** Connect takes a class by its full name, its simple one, and that without "Connector". */
function isInstalled(wanted: string | undefined, installed: readonly string[]): boolean {
  return installed.some((full) => {
    const simple = full.slice(full.lastIndexOf('.') + 1);
    return [full, simple, simple.replace(/Connector$/, '')].includes(wanted ?? '');
  });
}

async function requireValid(client: ConnectClient, connectors: readonly Connector[]): Promise<void> {
  const lines: string[] = [];
  for (const { config, file, name } of connectors) {
    const secrets = secretsOf(config);
    for (const { message, setting } of await client.validate(name, config)) {
      lines.push(mask(`${name}: ${setting}: ${message} (${file})`, secrets));
    }
  }
  if (lines.length > 0) {
    throw new ConnectorError('CONFIG_INVALID', `Kafka Connect does not take these settings:\n${lines.join('\n')}`);
  }
}

async function change(client: ConnectClient, { config, name }: Connector): Promise<AppliedConnector['result']> {
  const there = await client.config(name);
  if (there === undefined || !sameConfig(config, there, name)) {
    await client.putConfig(name, config);
    return there === undefined ? 'created' : 'updated';
  }
  const status = await client.status(name);
  if (status === undefined) return 'unchanged';
  if (status.connector.state === 'PAUSED' || status.connector.state === 'STOPPED') return 'paused';
  if (failureOf(status) === undefined) return 'unchanged';
  await client.restartFailed(name);
  return 'restarted';
}

async function waitUntilRunning(
  client: ConnectClient,
  { config, name }: Connector,
  result: AppliedConnector['result'],
  withinMs: number,
): Promise<Pick<ConnectorStatus, 'tasks'>> {
  const deadline = Date.now() + withinMs;
  let failedSince: number | undefined;
  for (;;) {
    const status = await client.status(name);
    if (status !== undefined && (result === 'paused' || isRunning(status))) return status;
    const failure = status && failureOf(status);
    failedSince = failure === undefined ? undefined : (failedSince ?? Date.now());
    if (failure !== undefined && Date.now() - (failedSince ?? 0) >= Math.min(FAILURE_SETTLES_MS, withinMs)) {
      throw new ConnectorError('TASK_FAILED', mask(`${name}: ${failure}`, secretsOf(config)));
    }
    if (Date.now() > deadline) {
      throw new ConnectorError('NOT_RUNNING', `${name} does not run after ${withinMs} ms: ${statesOf(status)}`);
    }
    await delay(POLL_MS);
  }
}

function statesOf(status: ConnectorStatus | undefined): string {
  if (status === undefined) return 'Kafka Connect knows nothing of it';
  const tasks = status.tasks.map(({ id, state }) => `task ${id} is ${state}`);
  return `it is ${status.connector.state}, ${tasks.join(', ') || 'it has no tasks'}`;
}
