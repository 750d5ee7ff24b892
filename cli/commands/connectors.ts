import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { tenantPrefix } from '../../app/tenant.js';
import { applyConnectors } from '../../connectors/apply-connectors.js';
import { ConnectClient, type ConnectorStatus, failureOf, isRunning } from '../../connectors/connect-client.js';
import { ConnectorError } from '../../connectors/connector-error.js';
import { connectorDirectory, loadConnectors, VARIANTS, type Variant } from '../../connectors/connector-files.js';
import { HttpService } from '../../connectors/http-service.js';
import { applyIndexTemplates } from '../../connectors/index-templates.js';
import { applyInfluxDatabases } from '../../connectors/influx-databases.js';
import { connectorOfTenant } from '../../connectors/tenant-connector.js';
import { positiveWait } from '../options/duration.js';
import { httpUrl } from '../options/http-url.js';
import { durationOption, tenantName } from '../options/options.js';
import { onNobodyReads, print, say } from '../terminal/output.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { type Cell, printTable } from '../terminal/table.js';

/** For commands that only look: a worker that rebalances answers after a moment. */
const SHORT_WAIT_MS = 3000;
const CONNECT_URLS: Readonly<Record<Variant, string>> = {
  confluent: 'http://127.0.0.1:8083',
  local: 'http://127.0.0.1:18083',
};

interface ConnectOptions {
  readonly connect?: string;
  readonly variant: Variant;
}

interface DirectoryOptions extends ConnectOptions {
  readonly tenant?: string;
  readonly directory?: string;
}

/** Options of `apply`. */
export interface ApplyOptions extends DirectoryOptions {
  readonly elasticsearch?: string;
  readonly influxdb?: string;
  readonly registry?: string;
  readonly timeout: number;
}

export function connectorsCommand(program: Command): Command {
  const command = program
    .command('connectors')
    .description('manage the connectors of Kafka Connect that copy topics into Elasticsearch and InfluxDB');
  const subcommand = (name: string, description: string) =>
    command.command(name).description(description).argument('[names...]', 'connectors');

  addDirectory(subcommand('apply', 'create and update the connectors from their files, and wait until they run'))
    .option('--elasticsearch <url>', 'also install the index templates in this Elasticsearch', httpUrl)
    .option('--influxdb <url>', 'also create the missing databases in this InfluxDB', httpUrl)
    .option('--registry <url>', 'URL of the schema registry, for --variant local', httpUrl)
    .addOption(
      durationOption('--timeout <duration>', 'how long to wait for services and connectors', '60s', positiveWait),
    )
    .action(apply);
  addConnect(subcommand('status', 'print the state of the connectors (default: all connectors of the workers)')).action(
    status,
  );
  addDirectory(subcommand('delete', 'delete the connectors; the data that they have written stays')).action(remove);
  return command;
}

function addConnect(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--connect <url>',
        `Kafka Connect's REST API (default: ${CONNECT_URLS.confluent}, local: ${CONNECT_URLS.local})`,
      )
        .env('CONNECT_URL')
        .argParser(httpUrl),
    )
    .addOption(
      new Option('--variant <variant>', 'confluent for the worker of the Compose file, local for one without Docker')
        .choices(VARIANTS)
        .default('confluent' satisfies Variant),
    );
}

function addDirectory(command: Command): Command {
  return addConnect(command)
    .addOption(new Option('--directory <directory>', "directory of the connectors' files").conflicts('variant'))
    .addOption(
      new Option(
        '--tenant <name>',
        'the connectors of this tenant: their names, topics, indices and measurements begin with its name and a dot',
      ).argParser(tenantName),
    );
}

async function apply(names: readonly string[], options: ApplyOptions): Promise<void> {
  // Whoever reads the output may have seen enough; the rest is applied all the same.
  onNobodyReads(() => {});
  await applyFiles(names, options, printResult);
}

/** Applies index templates, databases and connectors, and waits until they run. @throws ConnectorError */
export async function applyFiles(
  names: readonly string[],
  options: ApplyOptions,
  report: (what: string, result: string, more?: string) => void,
): Promise<void> {
  const directory = directoryOf(options);
  const prefix = prefixOf(options);
  const connectors = (await loadConnectors(directory, environmentOf(options), names)).map((connector) =>
    connectorOfTenant(connector, prefix),
  );
  const service = (name: string, address: string) =>
    new HttpService({ name, url: address, waitMs: options.timeout, onWait: sayWaiting });
  if (options.elasticsearch !== undefined) {
    const templates = await applyIndexTemplates(service('Elasticsearch', options.elasticsearch), directory, prefix);
    for (const { name, result } of templates) report(`index template ${name}`, result);
  }
  if (options.influxdb !== undefined) {
    const databases = await applyInfluxDatabases(service('InfluxDB', options.influxdb), connectors);
    for (const { name, result } of databases) report(`database ${name}`, result);
  }
  await applyConnectors(clientOf(options, options.timeout), connectors, {
    runningWithinMs: options.timeout,
    onApplied: ({ name, result, tasks }) =>
      report(
        `connector ${name}`,
        result,
        result === 'paused' ? '' : `, ${tasks} ${tasks === 1 ? 'task' : 'tasks'} running`,
      ),
  });
}

async function status(names: readonly string[], options: ConnectOptions): Promise<void> {
  const client = clientOf(options, SHORT_WAIT_MS);
  const asked = names.length > 0 ? names : (await client.names()).sort();
  if (asked.length === 0) {
    print(safe`Kafka Connect at ${client.address} has no connectors`);
    return;
  }
  const rows: Cell[][] = [];
  const broken: string[] = [];
  for (const name of asked) {
    const found = await client.status(name);
    if (found === undefined || !isRunning(found)) broken.push(name);
    rows.push(found === undefined ? [name, safe`MISSING`.with(pc.red), '', '', ''] : row(found));
  }
  printTable(['connector', 'state', 'tasks', 'worker', ''], rows);
  if (broken.length > 0) throw new ConnectorError('NOT_RUNNING', `not running: ${broken.join(', ')}`);
}

function row(found: ConnectorStatus): Cell[] {
  const { connector, name, tasks } = found;
  const running = tasks.filter(({ state }) => state === 'RUNNING').length;
  const colour = isRunning(found) ? pc.green : pc.red;
  return [
    name,
    SafeText.of(connector.state).with(colour),
    `${running}/${tasks.length} running`,
    connector.worker_id,
    failureOf(found) ?? '',
  ];
}

async function remove(names: readonly string[], options: DirectoryOptions): Promise<void> {
  const client = clientOf(options, SHORT_WAIT_MS);
  // Names alone do: what is deleted needs no variables.
  const asked = names.length > 0 ? names : await namesIn(directoryOf(options));
  for (const name of asked.map((each) => prefixOf(options) + each))
    printResult(`connector ${name}`, (await client.delete(name)) ? 'deleted' : 'was not there');
}

async function namesIn(directory: string): Promise<string[]> {
  const anyValue = new Proxy({}, { get: () => 'x' });
  return (await loadConnectors(directory, anyValue)).map(({ name }) => name);
}

function prefixOf({ tenant }: DirectoryOptions): string {
  return tenant === undefined ? '' : tenantPrefix(tenant);
}

function directoryOf({ directory, variant }: DirectoryOptions): string {
  return directory ?? connectorDirectory(variant);
}

/** Where a worker without Docker runs, services have the same addresses as here; in Compose they have others. */
function environmentOf({ elasticsearch, influxdb, registry, variant }: ApplyOptions): NodeJS.ProcessEnv {
  if (variant !== 'local') return process.env;
  return {
    ...process.env,
    ...(elasticsearch === undefined ? {} : { ELASTICSEARCH_URL: elasticsearch }),
    ...(influxdb === undefined ? {} : { INFLUXDB_URL: influxdb }),
    ...(registry === undefined ? {} : { SCHEMA_REGISTRY_URL: registry }),
  };
}

function clientOf({ connect, variant }: ConnectOptions, waitMs: number): ConnectClient {
  return new ConnectClient({ url: connect ?? CONNECT_URLS[variant], waitMs, onWait: sayWaiting });
}

function printResult(what: string, result: string, more = ''): void {
  print(safe`${what}: ${result}${more}`);
}

function sayWaiting(why: string): void {
  say(safe`${why}; waiting for it…`);
}
