import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import type { KafkaLogOptions } from '@millrace/streams/kafka';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { addDataDir, type DataDirOption, DEFAULT_DATA_DIRECTORY, wholeNumber } from '../../cli/options/options.js';
import { UsageError } from '../../cli/options/usage-error.js';
import { say } from '../../cli/terminal/output.js';
import { programCommand, quoted } from '../../cli/terminal/program.js';
import { SafeText } from '../../cli/terminal/safe-text.js';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import { endInTime } from '../end-process.js';
import { ownDataDirectory, shareDataDirectory } from './data-directory.js';
import { ensureKafkaClient } from './kafka-client.js';
import { takeProcessSlot } from './process-slot.js';
import { type RetentionOptions, retentionOf } from './retention.js';

/** Twice as long as the steps of closing take that are bounded themselves. */
const END_WITHIN_MS = 25_000;

type KafkaSettings = NonNullable<KafkaLogOptions['settings']>;

export interface ConnectionOptions extends DataDirOption {
  readonly brokers?: string;
  readonly registry?: string;
  readonly kafkaConfig?: string;
  readonly kafkaSetting?: KafkaSettings;
  readonly replicationFactor?: number;
  readonly topicConfig?: Readonly<Record<string, string>>;
  readonly autoRegister: boolean;
  readonly guarantee?: NonNullable<KafkaLogOptions['guarantee']>;
  readonly groupProtocol?: NonNullable<KafkaLogOptions['groupProtocol']>;
}

/** The log, its schemas and where state is kept: an embedded log's directory, or a Kafka cluster and a registry. */
export interface Connection {
  readonly log: Log;
  readonly schemas: SchemaRegistry;
  readonly stateDirectory: string;
  close(): Promise<void>;
}

/** How to print a topic of the log that is meant, without the topic's name. */
export function consumeCommandOf({ brokers, dataDir, registry }: ConnectionOptions): string {
  const words = [
    ...(brokers === undefined ? [] : ['--brokers', brokers]),
    ...(registry === undefined ? [] : ['--registry', registry]),
    ...(brokers !== undefined || dataDir === DEFAULT_DATA_DIRECTORY ? [] : ['--data-dir', dataDir]),
  ];
  return [programCommand(), 'consume', ...words.map(quoted)].join(' ');
}

/** What a command does with the log. */
export type Purpose =
  /** Runs tasks; on an embedded log, alone. */
  | { readonly runs: 'tasks' }
  /** Appends what it is fed. */
  | { readonly runs: 'producer' }
  | { readonly runs: 'reader' };

/** The options that say where the log is. */
export function addConnection(command: Command): Command {
  return addDataDir(command)
    .addOption(new Option('--brokers <host:port,...>', 'use Kafka instead of the embedded log').env('MILLRACE_BROKERS'))
    .addOption(new Option('--registry <url>', 'with --brokers: the schema registry').env('MILLRACE_REGISTRY'))
    .addOption(
      new Option('--kafka-config <file>', "with --brokers: the client's settings, a properties file").env(
        'MILLRACE_KAFKA_CONFIG',
      ),
    )
    .option(
      '--kafka-setting <name=value>',
      'with --brokers: a setting of librdkafka, such as security.protocol=sasl_ssl; repeatable',
      kafkaSetting,
    )
    .option(
      '--replication-factor <number>',
      "with --brokers: of topics that are made (default: the broker's)",
      wholeNumber(1),
    )
    .option(
      '--topic-config <name=value>',
      'with --brokers: a property of topics that are made, such as min.insync.replicas=2; repeatable',
      topicProperty,
    )
    .option('--no-auto-register', 'with --registry: only look schemas up; `millrace schemas register` adds them');
}

/** Options of commands that run tasks. */
export function addGroup(command: Command): Command {
  return command
    .addOption(
      new Option('--guarantee <guarantee>', 'with --brokers')
        .choices(['exactly-once', 'at-least-once'])
        .default('exactly-once'),
    )
    .addOption(
      new Option(
        '--group-protocol <protocol>',
        'with --brokers: who shares partitions out, the brokers (consumer, from 4.0 on) or a member (classic)',
      )
        .choices(['auto', 'consumer', 'classic'])
        .default('auto'),
    );
}

/** @throws LogError, SchemaError, UsageError */
export async function connect(options: ConnectionOptions, purpose: Purpose, signal: AbortSignal): Promise<Connection> {
  if (options.brokers !== undefined) return connectKafka(options, options.brokers, purpose, signal);
  return purpose.runs === 'tasks'
    ? ownDataDirectory(options.dataDir)
    : shareDataDirectory(options.dataDir, { create: purpose.runs === 'producer' });
}

/** Makes the topics of the pipelines that run, and registers their schemas. @throws LogError PARTITION_COUNT */
export async function prepareTopics(
  { log, schemas }: Connection,
  config: ApplicationConfig,
  partitions: number,
  retention: RetentionOptions = {},
): Promise<TopicSerdes> {
  const topics = topicsOf(config);
  const made = Object.values(topics).map(async (topic) =>
    log.ensureTopic(topic, {
      partitions: topic === topics.deadLetters ? 1 : partitions,
      ...retentionOf(topic, retention, (await log.partitions(topic)) === undefined),
    }),
  );
  const [serdes] = await Promise.all([serdesOf(schemas, config), ...made]);
  return serdes;
}

/** Registers the schemas of the pipelines that run; the topology uses no others. */
export async function serdesOf(schemas: SchemaRegistry, config: ApplicationConfig): Promise<TopicSerdes> {
  return (await registerSerdes(schemas, topicsOf(config))) as TopicSerdes;
}

async function connectKafka(
  options: ConnectionOptions,
  brokers: string,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Connection> {
  if (options.registry === undefined) {
    throw new UsageError('--brokers needs --registry, the URL of a schema registry such as http://127.0.0.1:8081');
  }
  const settings = { ...readSettings(options.kafkaConfig), ...options.kafkaSetting };
  await ensureKafkaClient();
  endInTime(signal, END_WITHIN_MS);
  const stateDirectory = join(options.dataDir, 'state');
  const slot = purpose.runs === 'tasks' ? await takeProcessSlot(join(stateDirectory, 'processes')) : undefined;
  // Only those who use Kafka load its clients; one of them is a native addon.
  const { KafkaLog } = await import('@millrace/streams/kafka');
  const log = await KafkaLog.open({
    brokers,
    signal,
    say: (message) => say(SafeText.of(message)),
    settings,
    ...(slot === undefined ? {} : { transactionalId: `millrace-${slot.id}` }),
    ...(options.guarantee === undefined ? {} : { guarantee: options.guarantee }),
    ...(options.groupProtocol === undefined ? {} : { groupProtocol: options.groupProtocol }),
    ...(options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }),
    ...(options.topicConfig === undefined ? {} : { topicConfig: options.topicConfig }),
  });
  const { ConfluentRegistry } = await import('../../schemas/confluent-registry.js');
  const schemas = new ConfluentRegistry({
    url: options.registry,
    autoRegister: options.autoRegister,
    signal,
    onUnavailable: ({ message }) => say(SafeText.of(message)),
    onRecovered: (message) => say(SafeText.of(message)),
  });
  return {
    log,
    schemas,
    stateDirectory,
    close: async () => {
      schemas.close();
      await log.close();
      await slot?.release();
    },
  };
}

function kafkaSetting(text: string, settings: KafkaSettings = {}): KafkaSettings {
  const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value.');
  return { ...settings, [name]: value };
}

function topicProperty(text: string, config: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...config, ...(kafkaSetting(text) as Record<string, string>) };
}

/** A properties file: name=value lines, and comments that start with #. */
function readSettings(file: string | undefined): KafkaSettings {
  if (file === undefined) return {};
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--kafka-config: ${file} cannot be read: ${(error as Error).message}`);
  }
  let settings: KafkaSettings = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    try {
      settings = kafkaSetting(line, settings);
    } catch {
      throw new UsageError(`--kafka-config: line ${index + 1} of ${file} is not name=value`);
    }
  }
  return settings;
}
