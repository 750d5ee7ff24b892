import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { keepClassArchive, withClassArchive } from './class-archive.js';
import { Downloads, defaultCacheDirectory } from './downloads.js';
import { exclusive } from './exclusive.js';
import { DEFAULT_PORTS, isPortFree, type PortName, type StackPorts, stackPorts } from './ports.js';
import { end, isRunning, type ProcessIdentity, startDetached } from './processes.js';
import { SERVICE_NAMES, type Service, type ServiceName, type Software } from './service.js';
import { readServiceRecord, type ServiceRecord, writeServiceRecord } from './service-record.js';
import { SERVICES } from './services/services.js';
import { StackError } from './stack-error.js';

const READY_POLL_MS = 100;
/** So many times as long as it may say nothing, a service may take in all to become ready. */
const LONGEST = 5;
const STOP_WITHIN_MS = 30_000;
/** Of a service that makes the archive of its classes at its end, which is once. */
const STOP_AND_ARCHIVE_WITHIN_MS = 120_000;
/** A killed process that is gone already may still have its ports for a moment: until the last of its threads is. */
const PORT_WITHIN_MS = 2000;
const LAST_LINES = 10;

export const DEFAULT_STACK_DIRECTORY = join('.millrace', 'stack');

export interface StackOptions {
  /** Where each service's data, log and process id are kept. Default `.millrace/stack`. */
  readonly directory?: string | undefined;
  /** Where downloads are kept. Default MILLRACE_CACHE_DIR, or `.cache/millrace` in the user's directory. */
  readonly cacheDirectory?: string | undefined;
  /** Default: the ports of the last start in this directory, and DEFAULT_PORTS before the first. */
  readonly ports?: Partial<StackPorts> | undefined;
}

/** What happens to a service while `up` or `down` runs. */
export type StackEvent =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'downloading'; readonly service: ServiceName }
  | { readonly kind: 'starting'; readonly service: ServiceName }
  | { readonly kind: 'ready'; readonly service: ServiceName; readonly address: string; readonly afterMs: number }
  | { readonly kind: 'runs'; readonly service: ServiceName; readonly address: string }
  | { readonly kind: 'stopped'; readonly service: ServiceName; readonly afterMs: number };

export interface StackWorkOptions {
  readonly onProgress?: ((event: StackEvent) => void) | undefined;
  /** Breaks off downloads and waiting. What has been started goes on, and `down` finds it. */
  readonly signal?: AbortSignal | undefined;
}

/** `ended`: it was started, was not stopped, and runs no more. */
export type ServiceState = 'stopped' | 'starting' | 'ready' | 'ended';

export interface ServiceStatus {
  readonly service: ServiceName;
  readonly address: string;
  readonly state: ServiceState;
  readonly pid: number | undefined;
  readonly logFile: string;
}

/** How clients reach the services. */
export interface StackAddresses {
  /** Kafka's bootstrap servers. */
  readonly brokers: string;
  /** The base of Confluent's schema registry API. */
  readonly registryUrl: string;
  readonly connectUrl: string;
  readonly elasticsearchUrl: string;
  readonly influxUrl: string;
}

/**
 * The real services on this machine, as processes that outlive the program that started them.
 *
 * @example
 * const stack = await Stack.open({ directory: 'stack', ports: await freePorts() });
 * await stack.up(['kafka', 'registry']);
 * await stack.stop('kafka', 'SIGKILL');
 * await stack.start('kafka');
 * await stack.down({ delete: true });
 */
export class Stack {
  readonly directory: string;
  readonly #cacheDirectory: string;
  readonly #givenPorts: Partial<StackPorts>;
  #ports: StackPorts = DEFAULT_PORTS;

  private constructor(options: StackOptions) {
    this.directory = resolve(options.directory ?? DEFAULT_STACK_DIRECTORY);
    this.#cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory();
    this.#givenPorts = options.ports ?? {};
  }

  /** Nothing is made or started yet. @throws StackError PORT_UNUSABLE, STATE_UNREADABLE */
  static async open(options: StackOptions = {}): Promise<Stack> {
    const unusable = stackPorts.partial().safeParse(options.ports ?? {}).error?.issues[0];
    if (unusable !== undefined) {
      const name = unusable.path[0] as PortName;
      throw new StackError('PORT_UNUSABLE', `${portOption(name)} ${options.ports?.[name]}: ${unusable.message}`);
    }
    const stack = new Stack(options);
    await stack.#readRecords();
    return stack;
  }

  get addresses(): StackAddresses {
    const url = (service: ServiceName): string => SERVICES[service].address(this.#ports);
    return {
      brokers: url('kafka'),
      registryUrl: url('registry'),
      connectUrl: url('connect'),
      elasticsearchUrl: url('elasticsearch'),
      influxUrl: url('influxdb'),
    };
  }

  /**
   * Starts the services, and those they depend on, and waits until all are ready. What runs is left alone; what has
   * ended is started again on its data.
   *
   * @throws StackError when one cannot be started; the others are started nevertheless
   */
  async up(services: readonly ServiceName[] = SERVICE_NAMES, options: StackWorkOptions = {}): Promise<void> {
    await this.#startAll(withDependencies(services), options);
  }

  /** Stops what was started in this directory, also by another process. @throws StackError */
  async down({
    delete: deletes = false,
    ...options
  }: StackWorkOptions & { readonly delete?: boolean } = {}): Promise<readonly ServiceName[]> {
    if (!(await exists(this.directory))) return [];
    const stopped = await this.#exclusive(options, async () => {
      const records = await this.#readRecords();
      const names = SERVICE_NAMES.filter((name) => records.get(name)?.process !== undefined);
      // Clients before what they are clients of: a worker whose broker is away takes long to end.
      const [first, last] = [names.filter((name) => name !== 'kafka'), names.filter((name) => name === 'kafka')];
      for (const group of [first, last]) await settled(group.map((name) => this.#stop(name, 'SIGTERM', options)));
      // Only what has a record was made by a stack.
      if (deletes) for (const name of records.keys()) await rm(this.#directoryOf(name), { recursive: true });
      return names;
    });
    if (deletes) {
      await rm(join(this.directory, 'lock'), { recursive: true, force: true });
      // It stays when something else is in it.
      await rmdir(this.directory).catch(() => {});
    }
    return stopped;
  }

  /** Starts one service, without those it depends on, and waits until it is ready. @throws StackError */
  async start(service: ServiceName, options: StackWorkOptions = {}): Promise<void> {
    await this.#startAll([service], options);
  }

  /** Stops one service and waits until it is gone. @throws StackError SERVICE_NOT_STOPPED */
  async stop(service: ServiceName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!(await exists(this.directory))) return;
    await this.#exclusive({}, () => this.#stop(service, signal, {}));
  }

  async status(): Promise<readonly ServiceStatus[]> {
    const records = await this.#readRecords();
    return Promise.all(
      SERVICE_NAMES.map(async (service) => {
        const process = records.get(service)?.process;
        return {
          service,
          address: SERVICES[service].address(this.#ports),
          state: await this.#state(service, process),
          pid: process?.pid,
          logFile: this.#logFile(service),
        };
      }),
    );
  }

  async #state(service: ServiceName, process: ProcessIdentity | undefined): Promise<ServiceState> {
    if (process === undefined) return 'stopped';
    if (!(await isRunning(process))) return 'ended';
    return (await SERVICES[service].isReady(this.#ports)) ? 'ready' : 'starting';
  }

  async #startAll(names: readonly ServiceName[], options: StackWorkOptions): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 }).catch((cause: Error) => {
      throw new StackError('STATE_UNREADABLE', `${this.directory} cannot be made: ${cause.message}`, { cause });
    });
    await this.#exclusive(options, async () => {
      const running = await this.#running(await this.#readRecords());
      const starting = names.filter((name) => !running.has(name));
      await this.#checkPorts(starting);
      // Downloads may take minutes, and be interrupted: the ports that were chosen hold from now on.
      for (const name of starting) await this.#remember(SERVICES[name]);
      const downloads = new Downloads(this.#cacheDirectory, { signal: options.signal });
      const starts = new Map<ServiceName, Promise<void>>();
      // In the order of SERVICE_NAMES a service comes after those it depends on.
      for (const name of SERVICE_NAMES.filter((each) => names.includes(each))) {
        const service = SERVICES[name];
        const needed = service.dependsOn.map((other) => starts.get(other));
        starts.set(name, this.#bringUp(service, running.get(name), needed, downloads, options));
      }
      await settled([...starts.values()]);
    });
  }

  async #bringUp(
    service: Service,
    running: ProcessIdentity | undefined,
    needed: readonly (Promise<void> | undefined)[],
    downloads: Downloads,
    { onProgress, signal }: StackWorkOptions,
  ): Promise<void> {
    const { name } = service;
    const address = service.address(this.#ports);
    if (running !== undefined) {
      await this.#untilReady(service, running, signal);
      onProgress?.({ kind: 'runs', service: name, address });
      return;
    }
    let told = false;
    const software = await service.download(downloads, () => {
      if (!told) onProgress?.({ kind: 'downloading', service: name });
      told = true;
    });
    // A failure of what it needs is reported there.
    if ((await Promise.allSettled(needed)).some(({ status }) => status === 'rejected')) return;
    if (signal?.aborted) throw new StackError('INTERRUPTED', 'interrupted');
    onProgress?.({ kind: 'starting', service: name });
    const startedAt = performance.now();
    await this.#requireReady(service);
    const process = await this.#launch(service, software);
    await this.#untilReady(service, process, signal);
    onProgress?.({ kind: 'ready', service: name, address, afterMs: performance.now() - startedAt });
  }

  async #requireReady({ dependsOn, name }: Service): Promise<void> {
    for (const other of dependsOn) {
      if (await SERVICES[other].isReady(this.#ports)) continue;
      const address = SERVICES[other].address(this.#ports);
      throw new StackError('SERVICE_NOT_READY', `${name} needs ${other}, which does not answer at ${address}`);
    }
  }

  async #launch(service: Service, software: Software): Promise<ProcessIdentity> {
    const directory = this.#directoryOf(service.name);
    const ports = await this.#remember(service);
    const prepared = await service.prepare({ directory, software, ports: this.#ports });
    const owner = { libraries: software.path, service: service.name };
    const launch = prepared.program === 'java' ? await withClassArchive(prepared, owner, directory) : prepared;
    const process = await startDetached(launch, directory, this.#logFile(service.name));
    await writeServiceRecord(directory, { ports, process, classArchive: launch.classArchive });
    return process;
  }

  /** Notes the service's ports, and that it does not run. */
  async #remember({ name, ports: names }: Service): Promise<Partial<StackPorts>> {
    const ports = Object.fromEntries(names.map((port) => [port, this.#ports[port]]));
    await writeServiceRecord(this.#directoryOf(name), { ports });
    return ports;
  }

  async #untilReady(service: Service, process: ProcessIdentity, signal: AbortSignal | undefined): Promise<void> {
    const { name, readyWithinMs } = service;
    const startedAt = performance.now();
    let [said, saidAt] = [0, startedAt];
    for (;;) {
      const ready = await service.isReady(this.#ports);
      if (!(await isRunning(process))) throw new StackError('SERVICE_ENDED', await this.#lastWords(name));
      if (ready) return;
      if (signal?.aborted) {
        throw new StackError(
          'INTERRUPTED',
          `interrupted while ${name} starts; it goes on, until "millrace stack down"`,
        );
      }
      const now = performance.now();
      // On a busy machine it takes long, and tells what it is at.
      const { size } = await stat(this.#logFile(name));
      if (size !== said) [said, saidAt] = [size, now];
      if (now > saidAt + readyWithinMs || now > startedAt + LONGEST * readyWithinMs) {
        const seconds = Math.round((now - startedAt) / 1000);
        throw new StackError(
          'SERVICE_NOT_READY',
          `${name} is not ready after ${seconds} s; its log: ${this.#logFile(name)}`,
        );
      }
      await delay(READY_POLL_MS);
    }
  }

  async #stop(name: ServiceName, signal: NodeJS.Signals, { onProgress }: StackWorkOptions): Promise<void> {
    const directory = this.#directoryOf(name);
    const record = await readServiceRecord(directory);
    if (record?.process === undefined) return;
    const startedAt = performance.now();
    const { classArchive } = record;
    const withinMs = classArchive === undefined ? STOP_WITHIN_MS : STOP_AND_ARCHIVE_WITHIN_MS;
    const { killed } = await end(record.process, { signal, withinMs });
    if (classArchive !== undefined && !killed) await keepClassArchive(directory, classArchive);
    await writeServiceRecord(directory, { ports: record.ports });
    onProgress?.({ kind: 'stopped', service: name, afterMs: performance.now() - startedAt });
  }

  /** Reads what is remembered of each service, and the ports that follow from it. */
  async #readRecords(): Promise<Map<ServiceName, ServiceRecord>> {
    const records = new Map<ServiceName, ServiceRecord>();
    for (const name of SERVICE_NAMES) {
      const record = await readServiceRecord(this.#directoryOf(name));
      if (record !== undefined) records.set(name, record);
    }
    const remembered = Object.assign({}, ...[...records.values()].map(({ ports }) => ports)) as Partial<StackPorts>;
    this.#ports = { ...DEFAULT_PORTS, ...remembered, ...this.#givenPorts };
    return records;
  }

  async #running(records: ReadonlyMap<ServiceName, ServiceRecord>): Promise<Map<ServiceName, ProcessIdentity>> {
    const running = new Map<ServiceName, ProcessIdentity>();
    for (const [name, { ports, process }] of records) {
      if (process === undefined || !(await isRunning(process))) continue;
      for (const port of SERVICES[name].ports) {
        if (ports[port] === undefined || ports[port] === this.#ports[port]) continue;
        throw new StackError(
          'RUNS_ELSEWHERE',
          `${name} runs with ${portOption(port)} ${ports[port]}; it can move to ${this.#ports[port]} after "millrace stack down"`,
        );
      }
      running.set(name, process);
    }
    return running;
  }

  async #checkPorts(names: readonly ServiceName[]): Promise<void> {
    for (const name of names) {
      for (const port of SERVICES[name].ports) {
        if (await becomesFree(this.#ports[port])) continue;
        throw new StackError(
          'PORT_TAKEN',
          `port ${this.#ports[port]}, where ${name} is to listen, is taken; choose another with ${portOption(port)}`,
        );
      }
    }
  }

  async #lastWords(name: ServiceName): Promise<string> {
    const logFile = this.#logFile(name);
    const lines = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-LAST_LINES);
    return [`${name} has ended; its last lines, of ${logFile}:`, ...lines.map((line) => `  ${line}`)].join('\n');
  }

  #exclusive<T>({ onProgress, signal }: StackWorkOptions, work: () => Promise<T>): Promise<T> {
    const onWait = (): void => onProgress?.({ kind: 'waiting' });
    return exclusive(this.directory, { onWait, signal }, work);
  }

  #directoryOf(name: ServiceName): string {
    return join(this.directory, name);
  }

  #logFile(name: ServiceName): string {
    return join(this.#directoryOf(name), `${name}.log`);
  }
}

/** The option of the command line that sets a port. */
export function portOption(port: PortName): string {
  return `--${port.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-port`;
}

/** The services and all that they depend on. */
export function withDependencies(services: readonly ServiceName[]): readonly ServiceName[] {
  const all = new Set<ServiceName>();
  const add = (name: ServiceName): void => {
    all.add(name);
    for (const other of SERVICES[name].dependsOn) add(other);
  };
  for (const name of services) add(name);
  return SERVICE_NAMES.filter((name) => all.has(name));
}

/** Waits for all, and then fails with all that failed. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0 || !failures.every((failure) => failure instanceof StackError)) throw first;
  const messages = new Set(failures.map((failure) => (failure as StackError).message));
  throw new StackError((first as StackError).code, [...messages].join('\n'), { cause: first });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function becomesFree(port: number): Promise<boolean> {
  const deadline = performance.now() + PORT_WITHIN_MS;
  while (!(await isPortFree(port))) {
    if (performance.now() > deadline) return false;
    await delay(READY_POLL_MS);
  }
  return true;
}
