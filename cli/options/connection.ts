import { readFileSync } from 'node:fs';
import type { KafkaLogOptions } from '@millrace/streams/kafka';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { endInTime, KAFKA_ENDS_WITHIN_MS } from '../../app/end-process.js';
import { ensureKafkaClient } from '../../app/log/kafka-client.js';
import { kafkaUrl } from '../../app/log/log-url.js';
import { type LogPlace, type OpenLog, openLog, type Purpose } from '../../app/log/open-log.js';
import { sayNotice } from '../terminal/notice-text.js';
import { programCommand, quoted } from '../terminal/program.js';
import { addDataDir, type DataDirOption, DEFAULT_DATA_DIRECTORY, wholeNumber } from './options.js';
import { repeatableOption } from './repeatable-option.js';
import { UsageError } from './usage-error.js';

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
  readonly staticMembership?: boolean;
}

/** How to print a topic of the log that is meant, without the topic's name. */
export function consumeCommandOf({ brokers, dataDir, registry, rootDir, tenant }: ConnectionOptions): string {
  // A tenant's place is found by its name.
  const directory = tenant === undefined ? dataDir : rootDir;
  const words = [
    ...(brokers === undefined ? [] : ['--brokers', brokers]),
    ...(registry === undefined ? [] : ['--registry', registry]),
    ...(brokers !== undefined || directory === DEFAULT_DATA_DIRECTORY ? [] : ['--data-dir', directory]),
    ...(tenant === undefined ? [] : ['--tenant', tenant]),
  ];
  return [programCommand(), 'consume', ...words.map(quoted)].join(' ');
}

/** The options that say where the log is. */
export function addConnection(command: Command): Command {
  return addDataDir(command)
    .addOption(new Option('--brokers <host:port,...>', 'use Kafka instead of the embedded log').env('MILLRACE_BROKERS'))
    .addOption(new Option('--registry <url>', 'with --brokers: URL of the schema registry').env('MILLRACE_REGISTRY'))
    .addOption(
      new Option('--kafka-config <file>', 'with --brokers: properties file with settings for the Kafka client').env(
        'MILLRACE_KAFKA_CONFIG',
      ),
    )
    .addOption(
      repeatableOption(
        '--kafka-setting <name=value>',
        'with --brokers: librdkafka setting, such as security.protocol=sasl_ssl; repeatable',
        kafkaSetting,
      ),
    )
    .option(
      '--replication-factor <number>',
      "with --brokers: replication factor of topics that are created (default: the broker's)",
      wholeNumber(1),
    )
    .addOption(
      repeatableOption(
        '--topic-config <name=value>',
        'with --brokers: property of topics that are created, such as min.insync.replicas=2; repeatable',
        topicProperty,
      ),
    )
    .option(
      '--no-auto-register',
      'with --registry: look schemas up, but do not register them; `millrace schemas register` does that',
    );
}

/** Options of commands that run tasks. */
export function addGroup(command: Command): Command {
  return command
    .addOption(
      new Option('--guarantee <guarantee>', 'with --brokers: processing guarantee')
        .choices(['exactly-once', 'at-least-once'])
        .default('exactly-once'),
    )
    .addOption(
      new Option(
        '--group-protocol <protocol>',
        'with --brokers: who assigns partitions, the brokers (consumer, from Kafka 4.0 on) or a group ' +
          'member (classic)',
      )
        .choices(['auto', 'consumer', 'classic'])
        .default('auto'),
    )
    .option(
      '--static-membership',
      'with --brokers: a process that is stopped keeps its partitions for the one that is started next in its ' +
        'data directory, until its session in the group ends: a restart moves no state',
    );
}

/** Opens the log that the options name. @throws LogError, SchemaError, UsageError */
export async function connect(options: ConnectionOptions, purpose: Purpose, signal: AbortSignal): Promise<OpenLog> {
  const place = logPlace(options);
  if (place.kafka !== undefined) {
    await ensureKafkaClient();
    endInTime(signal, KAFKA_ENDS_WITHIN_MS, sayNotice);
  }
  return openLog(place.url, { ...place, purpose, signal, onNotice: sayNotice });
}

/** @throws UsageError */
export function logPlace(options: ConnectionOptions): LogPlace {
  const { autoRegister, brokers, dataDir, groupProtocol, guarantee, registry } = options;
  const { replicationFactor, staticMembership, tenant, topicConfig } = options;
  if (brokers === undefined) return { url: dataDir };
  if (registry === undefined) {
    throw new UsageError('--brokers needs --registry, the URL of a schema registry such as http://127.0.0.1:8081');
  }
  return {
    url: kafkaUrl(brokers),
    kafka: {
      ...{ autoRegister, registry, dataDirectory: dataDir },
      ...(tenant === undefined ? {} : { tenant }),
      settings: { ...readSettings(options.kafkaConfig), ...options.kafkaSetting },
      ...(guarantee === undefined ? {} : { guarantee }),
      ...(groupProtocol === undefined ? {} : { groupProtocol }),
      ...(staticMembership === undefined ? {} : { staticMembership }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
      ...(topicConfig === undefined ? {} : { topicConfig }),
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
