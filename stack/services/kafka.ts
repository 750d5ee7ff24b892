import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { classArchiveOptions } from '../class-archive.js';
import { FIRST_COMPILER, javaArgs, requireJava } from '../java.js';
import { HOST, type StackPorts } from '../ports.js';
import { propertiesText } from '../properties.js';
import type { Service, ServiceSetting } from '../service.js';
import { StackError } from '../stack-error.js';

const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const ASK_TIMEOUT_MS = 1000;

const LOG_CONFIGURATION = fileURLToPath(new URL('../log4j2.properties', import.meta.url));

/** The variable that tells Kafka's own programs where to log. */
export const LOG_OPTION = `-Dlog4j2.configurationFile=${LOG_CONFIGURATION}`;

const run = promisify(execFile);

/** How a broker is to behave that is the only one, on a machine where programs come, go and are killed often. */
export const SINGLE_BROKER_SETTINGS = {
  // There is one broker to keep copies.
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  // Few partitions start and stop faster, and one broker gains nothing from many.
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.num.partitions': 8,
  // A process that is gone holds back readers of committed records until its transaction has timed out: look often.
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  // A misspelt topic is an error, not a topic.
  'auto.create.topics.enable': false,
  'message.max.bytes': MAX_MESSAGE_BYTES,
  'replica.fetch.max.bytes': MAX_MESSAGE_BYTES,
  // A broker that was killed may come back when its old session is over.
  'broker.session.timeout.ms': 3000,
  'broker.heartbeat.interval.ms': 500,
  // A member that comes, goes or is killed has its partitions moved within seconds, not within a minute.
  'group.initial.rebalance.delay.ms': 0,
  'group.consumer.heartbeat.interval.ms': 1000,
  'group.consumer.min.heartbeat.interval.ms': 1000,
  'group.consumer.session.timeout.ms': 6000,
  'group.consumer.min.session.timeout.ms': 6000,
} as const;

/** Apache Kafka: one node that is broker and controller (KRaft). */
export const kafka: Service = {
  name: 'kafka',
  dependsOn: [],
  ports: ['kafka', 'kafkaController'],
  readyWithinMs: 60_000,

  async download(downloads, onDownload) {
    await requireJava();
    return { path: await downloads.jars('kafka', onDownload) };
  },

  async prepare({ directory, software, ports }) {
    const data = join(directory, 'data');
    if (!(await isFormatted(data))) await format({ directory, software, ports });
    const file = join(directory, 'server.properties');
    await writeFile(file, propertiesText(settings(data, ports)));
    return {
      program: 'java',
      args: javaArgs(software.path, 'kafka.Kafka', [file], ['-Xms256m', '-Xmx1g', '-XX:+UseG1GC', LOG_OPTION]),
    };
  },

  address: (ports) => `${HOST}:${ports.kafka}`,

  isReady: async (ports) => (await brokersKnownTo(ports.kafka)) > 0,
};

function settings(data: string, ports: StackPorts): Record<string, string | number | boolean> {
  return {
    ...SINGLE_BROKER_SETTINGS,
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${HOST}:${ports.kafkaController}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${HOST}:${ports.kafka},CONTROLLER://${HOST}:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${ports.kafka}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': data,
  };
}

async function isFormatted(data: string): Promise<boolean> {
  return stat(data).then(
    () => true,
    () => false,
  );
}

/** A random id as Kafka writes them: 16 bytes in Base64. None begins with a hyphen, for it would be taken as an option. */
export function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8() & 0x7f);
  return bytes.toString('base64url');
}

/** Makes the data directory at a stroke: one that is there is whole. */
async function format({ directory, software, ports }: ServiceSetting): Promise<void> {
  const unfinished = join(directory, 'data.unfinished');
  await rm(unfinished, { recursive: true, force: true });
  const file = join(directory, 'format.properties');
  await writeFile(file, propertiesText(settings(unfinished, ports)));
  try {
    const args = ['format', '-t', newClusterId(), '-c', file];
    const options = [...(await classArchiveOptions({ libraries: software.path, service: 'kafka' })), FIRST_COMPILER];
    await run('java', javaArgs(software.path, 'kafka.tools.StorageTool', args, options));
  } catch (cause) {
    throw new StackError('SERVICE_ENDED', `Kafka's data directory could not be made: ${String(cause)}`, { cause });
  }
  await rename(unfinished, join(directory, 'data'));
  await rm(file);
}

/**
 * Asks a broker for its metadata, by hand: a client would start threads, and complain of a broker that is not there yet.
 * A broker accepts connections before it is a member of its cluster; then it names no broker, not even itself.
 *
 * @returns 0 also when nobody answers
 */
export function brokersKnownTo(port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    let answer = Buffer.alloc(0);
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve(0));
    socket.on('connect', () => socket.write(METADATA_REQUEST));
    socket.on('data', (data) => {
      answer = Buffer.concat([answer, data]);
      // Size, correlation id, number of brokers.
      if (answer.length < 12) return;
      resolve(answer.readInt32BE(8));
      socket.destroy();
    });
  });
}

/** Size, key 3 (Metadata), version 1, correlation id, no client id, no topics. */
const METADATA_REQUEST = Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 255, 255, 0, 0, 0, 0]);
