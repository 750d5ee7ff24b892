import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { classArchiveOptions } from '../../stack/class-archive.js';
import { Downloads, defaultCacheDirectory } from '../../stack/downloads.js';
import { javaArgs } from '../../stack/java.js';
import { HOST } from '../../stack/ports.js';
import { propertiesText } from '../../stack/properties.js';
import { brokersKnownTo, LOG_OPTION, newClusterId } from '../../stack/services/kafka.js';
import { BrokerProxy } from './broker-proxy.js';
import { JavaProcess } from './java-process.js';

const run = promisify(execFile);

/** As with services: brokers of a hook that was given up for its time are nobody's, and the file ends them. */
const unclosed = new Set<Brokers>();
afterAll(async () => {
  for (const brokers of unclosed) await brokers.close();
});

const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;
const STUTTER_FROZEN_MS = 800;
const STUTTER_RUNNING_MS = 200;
/** Of each: for clients, controllers, the others, and for other clients. */
const PORTS = 4;
const HEAP = ['-Xms128m', '-Xmx400m', '-XX:+UseSerialGC'];
/** Of the versions that the stack does not run. */
const POMS = new URL('./poms/', import.meta.url);

/** `stack` is what the stack runs. */
export type KafkaVersion = 'stack' | '4.4.0' | '4.1.2' | '3.7.2' | '2.8.2';

export type Protocol = 'PLAINTEXT' | 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT';

export interface BrokersOptions {
  /** Default `stack`. */
  readonly version?: KafkaVersion;
  /** Default 1. Each is a controller, too. */
  readonly count?: number;
  /** Further settings of each broker. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** What clients speak with them. Default PLAINTEXT. */
  readonly protocol?: Protocol;
  /** Another listener for clients, `OTHER`, and what is spoken there. */
  readonly otherProtocol?: Protocol;
  /** Further arguments of the tool that makes the data directories. */
  readonly formatArgs?: readonly string[];
}

/** Brokers of a test's own, which can be killed, stopped, frozen and cut off one by one. */
export class Brokers {
  readonly #nodes: BrokerNode[];

  private constructor(
    readonly directory: string,
    nodes: BrokerNode[],
    readonly zookeeper: JavaProcess | undefined,
  ) {
    this.#nodes = nodes;
  }

  /** Downloads what is missing; call it at the top of a test file. @returns why they cannot be had */
  static async whyNot(version: KafkaVersion = 'stack'): Promise<string | undefined> {
    try {
      await libraries(version);
      return undefined;
    } catch (error) {
      console.warn(`skipped, for Kafka ${version} cannot be had here: ${(error as Error).message}`);
      return (error as Error).message;
    }
  }

  static async start(options: BrokersOptions = {}): Promise<Brokers> {
    const { count = 1, version = 'stack' } = options;
    const directory = await mkdtemp(join(tmpdir(), 'millrace-brokers-'));
    const ports = await freePorts(count * PORTS + 1);
    const voters = Array.from({ length: count }, (_, i) => `${i + 1}@${HOST}:${ports[i * PORTS + 1]}`).join(',');
    const cluster = newClusterId();
    const usesZookeeper = version === '2.8.2';
    const zookeeperPort = ports[count * PORTS] as number;
    const zookeeper = usesZookeeper ? await startZookeeper(directory, zookeeperPort) : undefined;
    const nodes: BrokerNode[] = [];
    for (let i = 0; i < count; i++) {
      const [port, controllerPort, internalPort, otherPort] = ports.slice(i * PORTS) as [
        number,
        number,
        number,
        number,
      ];
      const hasOther = options.otherProtocol !== undefined;
      const proxy = await BrokerProxy.listen(port);
      const own = join(directory, `broker-${i + 1}`);
      await mkdir(own);
      const listener = options.protocol ?? 'PLAINTEXT';
      const settings = {
        ...TEST_SETTINGS,
        ...copies(count),
        ...(isKafka4(version) ? GROUPS : {}),
        ...(usesZookeeper
          ? { 'broker.id': i + 1, 'zookeeper.connect': `${HOST}:${zookeeperPort}` }
          : {
              'process.roles': 'broker,controller',
              'node.id': i + 1,
              'controller.quorum.voters': voters,
              'controller.listener.names': 'CONTROLLER',
            }),
        listeners: [
          `CLIENT://${HOST}:${port}`,
          `INTERNAL://${HOST}:${internalPort}`,
          ...(usesZookeeper ? [] : [`CONTROLLER://${HOST}:${controllerPort}`]),
          ...(hasOther ? [`OTHER://${HOST}:${otherPort}`] : []),
        ].join(','),
        'advertised.listeners': [
          `CLIENT://${HOST}:${proxy.port}`,
          `INTERNAL://${HOST}:${internalPort}`,
          ...(hasOther ? [`OTHER://${HOST}:${otherPort}`] : []),
        ].join(','),
        'inter.broker.listener.name': 'INTERNAL',
        'listener.security.protocol.map': [
          `CLIENT:${listener}`,
          'INTERNAL:PLAINTEXT',
          ...(usesZookeeper ? [] : ['CONTROLLER:PLAINTEXT']),
          ...(hasOther ? [`OTHER:${options.otherProtocol}`] : []),
        ].join(','),
        'log.dirs': join(own, 'data'),
        ...options.settings,
      };
      const file = join(own, 'server.properties');
      await writeFile(file, propertiesText(settings));
      nodes.push(new BrokerNode(version, own, file, proxy, internalPort, otherPort));
    }
    const brokers = new Brokers(directory, nodes, zookeeper);
    unclosed.add(brokers);
    try {
      if (!usesZookeeper) {
        const args = ['format', '-t', cluster, ...(options.formatArgs ?? [])];
        await Promise.all(nodes.map((node) => node.format(args)));
      }
      await Promise.all(nodes.map((node) => node.start()));
    } catch (error) {
      await brokers.close();
      throw error;
    }
    return brokers;
  }

  /** As clients are to reach them. */
  get bootstrap(): string {
    return this.#nodes.map(({ proxy }) => `${HOST}:${proxy.port}`).join(',');
  }

  get count(): number {
    return this.#nodes.length;
  }

  /** @param index from 0 */
  at(index: number): BrokerNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`there are ${this.#nodes.length} brokers`);
    return node;
  }

  async close(): Promise<void> {
    unclosed.delete(this);
    await Promise.all(this.#nodes.map((node) => node.close()));
    await this.zookeeper?.end('SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }
}

export class BrokerNode {
  #process: JavaProcess | undefined;
  #isClosed = false;

  constructor(
    readonly version: KafkaVersion,
    readonly directory: string,
    readonly settingsFile: string,
    readonly proxy: BrokerProxy,
    /** Where they speak with each other, in plain text. */
    readonly internalPort: number,
    readonly otherPort: number,
  ) {}

  get logFile(): string {
    return join(this.directory, 'broker.log');
  }

  async format(args: readonly string[]): Promise<void> {
    const libs = await libraries(this.version);
    const options = await classArchiveOptions({ libraries: libs, service: 'kafka' });
    await run('java', javaArgs(libs, 'kafka.tools.StorageTool', [...args, '-c', this.settingsFile], options));
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const libs = await libraries(this.version);
    const log = isKafka4(this.version) ? LOG_OPTION : await oldLogOption(this.directory);
    const options = [...(await classArchiveOptions({ libraries: libs, service: 'kafka' })), ...HEAP, log];
    if (this.#isClosed) throw new Error('the broker is closed');
    this.#process = new JavaProcess(javaArgs(libs, 'kafka.Kafka', [this.settingsFile], options), this.logFile);
    await ready(this.#process, this.logFile, async () => (await brokersKnownTo(this.internalPort)) > 0);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  /** Ends it in order: it hands over what it leads. */
  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM');
  }

  async freeze(milliseconds: number): Promise<void> {
    this.#process?.signal('SIGSTOP');
    await delay(milliseconds);
    this.#process?.signal('SIGCONT');
  }

  /** It does nothing for most of each second, as one whose disk is slow: it answers late, followers and clients, and is never missed. */
  async stutter(milliseconds: number): Promise<void> {
    for (const until = performance.now() + milliseconds; performance.now() < until; ) {
      await this.freeze(STUTTER_FROZEN_MS);
      await delay(STUTTER_RUNNING_MS);
    }
  }

  /** Clients cannot reach it; the other brokers can. */
  async cutOff(milliseconds: number): Promise<void> {
    this.proxy.cut();
    await delay(milliseconds);
    this.proxy.mend();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#process?.end('SIGKILL');
    await this.proxy.close();
  }
}

const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** For programs that come, go and are killed often. */
const TEST_SETTINGS = {
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.num.partitions': 8,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  'auto.create.topics.enable': false,
  'message.max.bytes': MAX_MESSAGE_BYTES,
  'replica.fetch.max.bytes': MAX_MESSAGE_BYTES,
  'group.initial.rebalance.delay.ms': 0,
  'broker.session.timeout.ms': 6000,
  'broker.heartbeat.interval.ms': 1000,
};

const GROUPS = {
  'group.consumer.heartbeat.interval.ms': 1000,
  'group.consumer.min.heartbeat.interval.ms': 1000,
  'group.consumer.session.timeout.ms': 6000,
  'group.consumer.min.session.timeout.ms': 6000,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
};

/** As production has it: each record is on all of three, and one may be away. */
function copies(count: number) {
  const most = Math.min(3, count);
  const least = Math.max(1, most - 1);
  return {
    'default.replication.factor': most,
    'min.insync.replicas': least,
    'offsets.topic.replication.factor': most,
    'transaction.state.log.replication.factor': most,
    'transaction.state.log.min.isr': least,
  };
}

/** @returns the directory of the jars @throws StackError */
export function libraries(version: KafkaVersion): Promise<string> {
  if (version === 'stack') return new Downloads(defaultCacheDirectory()).jars('kafka');
  return new Downloads(defaultCacheDirectory(), { poms: POMS }).jars(`kafka-${version}`);
}

function isKafka4(version: KafkaVersion): boolean {
  return version === 'stack' || version.startsWith('4.');
}

/** Before version 4: log4j 1, which logs nothing without a file of its own. */
async function oldLogOption(directory: string): Promise<string> {
  const file = join(directory, 'log4j.properties');
  await writeFile(
    file,
    'log4j.rootLogger=INFO, stdout\nlog4j.appender.stdout=org.apache.log4j.ConsoleAppender\n' +
      'log4j.appender.stdout.layout=org.apache.log4j.PatternLayout\n' +
      'log4j.appender.stdout.layout.ConversionPattern=%d %-5p %m (%c{1})%n\n',
  );
  return `-Dlog4j.configuration=file:${file}`;
}

async function startZookeeper(directory: string, port: number): Promise<JavaProcess> {
  const libs = await libraries('2.8.2');
  const log = await oldLogOption(directory);
  const args = javaArgs(
    libs,
    'org.apache.zookeeper.server.ZooKeeperServerMain',
    [`${port}`, join(directory, 'zookeeper')],
    ['-Xmx200m', '-XX:+UseSerialGC', log, '-Dzookeeper.admin.enableServer=false'],
  );
  const logFile = join(directory, 'zookeeper.log');
  const started = new JavaProcess(args, logFile);
  await ready(started, logFile, () => isOpen(port));
  return started;
}

async function ready(process: JavaProcess, logFile: string, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady())) {
    if (process.hasEnded) throw new Error(`it has ended; its log: ${logFile}`);
    if (performance.now() > deadline) throw new Error(`it is not ready; its log: ${logFile}`);
    await delay(POLL_MS);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Ports that are free now, below those that systems give to outgoing connections. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  for (let port = 20_000 + (process.pid % 500) * 20; servers.length < count; port++) {
    const server = await listen(port).catch(() => undefined);
    if (server !== undefined) servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map(close));
  return ports;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: HOST }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
