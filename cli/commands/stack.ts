import { makePrivateDirectory } from '@millrace/streams/embedded';
import { type Command, InvalidArgumentError, Option } from 'commander';
import colors from 'picocolors';
import { ensureKafkaClient } from '../../app/log/kafka-client.js';
import { DEFAULT_PORTS, type PortName, type StackPorts } from '../../stack/ports.js';
import { SERVICE_NAMES, type ServiceName } from '../../stack/service.js';
import { DEFAULT_STACK_DIRECTORY, portOption, type ServiceState, Stack, type StackEvent } from '../../stack/stack.js';
import { StackError } from '../../stack/stack-error.js';
import { UsageError } from '../options/usage-error.js';
import { InterruptedError, stopOnSignals } from '../terminal/interruption.js';
import { say } from '../terminal/output.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { printTable } from '../terminal/table.js';

interface DirectoryOption {
  readonly directory: string;
}

type PortOptions = { readonly [name in PortName as `${name}Port`]?: number };

/** Where the services are, for commands that start them. */
export interface StackOptions extends DirectoryOption, PortOptions {
  readonly cache?: string;
}

interface UpOptions extends StackOptions {
  readonly only?: readonly ServiceName[];
}

interface DownOptions extends DirectoryOption {
  readonly delete?: boolean;
}

const PORT_NAMES = Object.keys(DEFAULT_PORTS) as PortName[];

/** `millrace stack`: the real services on this machine. */
export function stackCommand(program: Command): Command {
  const stack = program
    .command('stack')
    .description(
      'run the real services on this machine without Docker: Kafka, schema registry, Connect, ' +
        'Elasticsearch, InfluxDB',
    );
  addStack(stack.command('up'))
    .description('start the services and wait until they are ready; downloads them first if necessary')
    .addOption(
      new Option(
        '--only <services>',
        `only these of ${SERVICE_NAMES.join(',')}, and those that they need (default: all)`,
      ).argParser(serviceNames),
    )
    .action(startServices);
  addDirectory(stack.command('down'))
    .description('stop the services that "up" has started')
    .option('--delete', 'also delete the data')
    .action(stopServices);
  addDirectory(stack.command('status')).description('show which services run, and where').action(showStatus);
  return stack;
}

function addDirectory(command: Command): Command {
  return command.addOption(
    new Option('--directory <directory>', "directory of the services' data and logs")
      .default(DEFAULT_STACK_DIRECTORY)
      .env('MILLRACE_STACK_DIR'),
  );
}

/** The options of commands that start services. */
export function addStack(command: Command): Command {
  addDirectory(command).addOption(
    new Option('--cache <directory>', 'directory of downloads (default: ~/.cache/millrace)').env('MILLRACE_CACHE_DIR'),
  );
  for (const name of PORT_NAMES) {
    command.option(`${portOption(name)} <port>`, `(default: the last one used, at first ${DEFAULT_PORTS[name]})`, port);
  }
  return command;
}

/** @throws StackError, UsageError */
export async function openStack({ cache, directory, ...ports }: StackOptions): Promise<Stack> {
  await makePrivateDirectory(directory).catch((cause: Error) => {
    throw new UsageError(`--directory ${directory} cannot be made: ${cause.message}`);
  });
  return Stack.open({ directory, cacheDirectory: cache, ports: givenPorts(ports) });
}

async function startServices({ only, ...options }: UpOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  // The registry's topics are made with it.
  if (only?.includes('registry') ?? true) await ensureKafkaClient();
  const stack = await openStack(options);
  try {
    await stack.up(only, { onProgress: printProgress, signal: stop.signal });
  } catch (error) {
    if (error instanceof StackError && error.code === 'INTERRUPTED') throw new InterruptedError(error.message);
    throw error;
  }
}

async function stopServices({ directory, delete: deletes = false }: DownOptions): Promise<void> {
  const stack = await Stack.open({ directory });
  const stopped = await stack.down({ delete: deletes, onProgress: printProgress });
  if (stopped.length === 0) say(safe`nothing runs in ${directory}`);
}

async function showStatus({ directory }: DirectoryOption): Promise<void> {
  const stack = await Stack.open({ directory });
  const rows = (await stack.status()).map(({ address, logFile, pid, service, state }) => {
    const log = state === 'stopped' ? '' : logFile;
    return [service, address, safe`${state}`.with(STATE_COLORS[state]), `${pid ?? ''}`, log];
  });
  printTable(['service', 'address', 'state', 'pid', 'log'], rows);
}

const STATE_COLORS: Readonly<Record<ServiceState, (text: string) => string>> = {
  ready: colors.green,
  starting: colors.yellow,
  ended: colors.red,
  stopped: colors.dim,
};

export function printProgress(event: StackEvent): void {
  say(SafeText.of(eventText(event)));
}

function eventText(event: StackEvent): string {
  switch (event.kind) {
    case 'waiting':
      return 'waiting for another "millrace stack"…';
    case 'downloading':
      return `${event.service} … downloading (once)`;
    case 'starting':
      return `${event.service} … starting`;
    case 'ready':
      return `${event.service} … ready in ${seconds(event.afterMs)} at ${event.address}`;
    case 'runs':
      return `${event.service} … runs already at ${event.address}`;
    case 'stopped':
      return `${event.service} … stopped in ${seconds(event.afterMs)}`;
  }
}

function seconds(milliseconds: number): string {
  return `${Math.max(1, Math.round(milliseconds / 1000))} s`;
}

function givenPorts(options: PortOptions): Partial<StackPorts> {
  const given = PORT_NAMES.flatMap((name) => {
    const port = options[`${name}Port`];
    return port === undefined ? [] : [[name, port] as const];
  });
  const ports = given.map(([, port]) => port);
  if (new Set(ports).size < ports.length) throw new UsageError('two services cannot listen on the same port');
  return Object.fromEntries(given);
}

function serviceNames(text: string): readonly ServiceName[] {
  const names = text.split(',').map((name) => name.trim());
  const known = names.filter((name): name is ServiceName => (SERVICE_NAMES as readonly string[]).includes(name));
  if (known.length < names.length) throw new InvalidArgumentError(`It must be some of ${SERVICE_NAMES.join(',')}.`);
  return known;
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 65_535) {
    throw new InvalidArgumentError('It must be a port from 1 to 65535.');
  }
  return number;
}
