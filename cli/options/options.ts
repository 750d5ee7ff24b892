import { hostname } from 'node:os';
import { join } from 'node:path';
import { toMilliseconds } from '@millrace/streams';
import { type Command, InvalidArgumentError, Option } from 'commander';
import ms from 'ms';
import type { z } from 'zod';
import { type HostOf, hostFromFile } from '../../app/ingestion/host-from-file.js';
import type { LineReading } from '../../app/ingestion/line-reading.js';
import type { TopicPlace } from '../../app/ingestion/read-topics.js';
import type { MqttPlace, SyslogPlace } from '../../app/ingestion/receive-messages.js';
import { lastPlace } from '../../app/log/places.js';
import { isTenant, TENANT_RULE, tenantDirectory } from '../../app/tenant.js';
import { EventClock } from '../../producer/event-clock.js';
import { chosenFormat, FORMAT_NAMES } from '../../producer/formats/known-formats.js';
import { OddFieldCounts } from '../../producer/odd-fields.js';
import { ProducerError } from '../../producer/producer-error.js';
import { UNKNOWN_HOST } from '../../schemas/canonical/host.js';
import {
  type ApplicationConfig,
  DEFAULT_APPLICATION_CONFIG,
  DETECTOR_FAMILIES,
  type DetectorFamily,
  PIPELINES,
  type PipelineName,
} from '../../topology/application-config.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../../topology/goals/goal-config.js';
import { say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';
import { addBudgets, type BudgetOptions } from './budgets.js';
import { addCalendar, type CalendarOptions, calendarConfig } from './calendar.js';
import { duration, positiveDuration } from './duration.js';
import { addKnownClients, type KnownClientsOptions } from './known-clients.js';
import { mqttPlace, sourceTopic, syslogPlace } from './network-places.js';
import { repeatableOption } from './repeatable-option.js';
import { UsageError } from './usage-error.js';

/** A parser of an option's value; what it refuses is printed with the option's name. */
export function parsedBy<T>(type: z.ZodType<T, string>): (text: string) => T {
  return (text) => {
    const { data, error, success } = type.safeParse(text);
    if (!success) throw new InvalidArgumentError(error.issues[0]?.message ?? 'It cannot be used.');
    return data;
  };
}

/** An option that is a duration and shows its default as one. */
export function durationOption(
  flags: string,
  description: string,
  byDefault?: string,
  type: z.ZodType<number, string> = positiveDuration,
): Option {
  const option = new Option(flags, description).argParser(parsedBy(type));
  return byDefault === undefined ? option : option.default(type.parse(byDefault), byDefault);
}

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least || number > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`It must be a whole number, ${range}.`);
    }
    return number;
  };
}

/** Each is a task for each part of a pipeline, and each of these has files of its own. */
const MAX_PARTITIONS = 1000;

/** A parser of numbers of partitions. */
export const partitionCount = wholeNumber(1, MAX_PARTITIONS);

function commaSeparated(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const BYTES = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** A size such as 10GB or 64MiB, in bytes. */
export function byteSize(text: string): number {
  const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('It must be a size such as 500MB, 10GB or 64MiB.');
  return Math.floor(Number(number) * BYTES[unit as keyof typeof BYTES]);
}

/** An option that is a size and shows its default as one. */
export function sizeOption(flags: string, description: string, byDefault: string): Option {
  return new Option(flags, description).argParser(byteSize).default(byteSize(byDefault), byDefault);
}

export function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) throw new InvalidArgumentError('It must be a number more than 0.');
  return number;
}

function shareOfOne(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 1)) throw new InvalidArgumentError('It must be from 0 to 1.');
  return number;
}

/** The simulator keeps clients and hosts in proportion to its rate. */
const MAX_SIMULATED = 100_000;

function simulatedRate(text: string): number {
  const rate = positiveNumber(text);
  if (rate > MAX_SIMULATED) throw new InvalidArgumentError(`It must be ${MAX_SIMULATED} or less.`);
  return rate;
}

export const DEFAULT_DATA_DIRECTORY = '.millrace';

export interface RootDirOption {
  /** Of all tenants. */
  readonly dataDir: string;
}

export interface DataDirOption {
  /** Of the tenant, and of the place in it. */
  readonly dataDir: string;
  readonly tenant?: string;
  /** What was given: the directory of all tenants and places, and of their users. Set before the command runs. */
  readonly rootDir: string;
}

/** For what is of all tenants. */
export function dataDirOption(): Option {
  return new Option('--data-dir <directory>', 'directory of the embedded log and the state')
    .default(DEFAULT_DATA_DIRECTORY)
    .env('MILLRACE_DATA_DIR');
}

export function tenantName(text: string): string {
  if (isTenant(text)) return text;
  throw new InvalidArgumentError(`It must be ${TENANT_RULE}.`);
}

export function addDataDir(command: Command): Command {
  return command
    .addOption(dataDirOption())
    .addOption(
      new Option(
        '--tenant <name>',
        'work for this tenant alone: a directory of its own in the data directory; on Kafka, topics, groups and ' +
          'subjects whose names begin with its name and a dot (docs/tenants.md)',
      ).argParser(tenantName),
    )
    .hook('preAction', (_, action) => {
      const options = action.opts<{ readonly brokers?: string; readonly dataDir: string; readonly tenant?: string }>();
      const { brokers, dataDir: rootDir, tenant } = options;
      const own = tenant === undefined ? rootDir : tenantDirectory(rootDir, tenant);
      // A start knows its place by what it processes.
      const place = action.name() === 'start' || brokers !== undefined ? own : lastPlace(own);
      if (place !== own) say(safe`${place} is what the last start used`);
      action.setOptionValue('rootDir', rootDir);
      action.setOptionValue('dataDir', place);
    });
}

/** Where a server keeps what is its own: of all places of a data directory, or of a tenant's. */
export function httpDirectory({ rootDir, tenant }: Pick<DataDirOption, 'rootDir' | 'tenant'>): string {
  return join(tenant === undefined ? rootDir : tenantDirectory(rootDir, tenant), 'http');
}

/** Where the users of all tenants are. */
export function accessDirectory(rootDir: string): string {
  return join(rootDir, 'http');
}

/** How lines are read, wherever they come from. */
export interface LineReadingOptions
  extends Pick<LineReading, 'drop' | 'host' | 'map' | 'mask' | 'server' | 'service' | 'timeZone'> {
  readonly logFormat: string;
  readonly excludePath?: readonly string[];
  /** False: requests of style sheets, scripts, pictures and the like are left out. */
  readonly assets: boolean;
  readonly clientFrom?: string;
  readonly trustedProxies?: readonly string[];
}

export interface SourceOptions extends LineReadingOptions {
  readonly rate: number;
  readonly count?: number;
  readonly seed: number;
  readonly disorder: number;
  readonly clients?: number;
  readonly hosts?: number;
  readonly countries: number;
  readonly incidents: boolean;
  readonly logRate: number;
  readonly sensorRate: number;
  readonly input?: readonly string[];
  /** True: by the usual names. */
  readonly hostFromFile?: HostOf | true;
  readonly maxLineAhead: number;
  readonly follow?: boolean;
  readonly speed?: number;
  readonly listen?: boolean;
  readonly sourceTopic?: readonly TopicPlace[];
  readonly syslog?: readonly SyslogPlace[];
  readonly mqtt?: readonly Omit<MqttPlace, 'clientId'>[];
  readonly mqttClientId: string;
}

function hostTemplate(text: string): HostOf {
  try {
    return hostFromFile(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

export function addLineReading(command: Command): Command {
  return command
    .option(
      '--log-format <format>',
      `one of ${FORMAT_NAMES.join(', ')}; or NGINX's log_format or Apache's LogFormat, bare or as in the configuration: ` +
        "'$remote_addr [$time_local] $status'; or @ and the path of the configuration: @/etc/nginx/nginx.conf",
      'auto',
    )
    .option(
      '--map <fields>',
      'assign members of a JSON, logfmt or CSV line to fields: ' +
        'time=ts,message=msg,service=kubernetes.labels.app,level=severity',
    )
    .option(
      '--time-zone <name>',
      'time zone of times without one, and of the usual day that detectors learn, such as Europe/Berlin (default: UTC)',
    )
    .option('--service <name>', "service name for logs that do not contain it (default: from the file's name)")
    .option('--mask <masks...>', 'keep only the network of addresses: client_ip=/24, or /24/48 for IPv4 and IPv6')
    .option('--drop <fields>', 'fields of events to leave out: user_agent,referrer,query,user,…', commaSeparated)
    .option(
      '--client-from <header>',
      "header with the client's address behind proxies, such as x-forwarded-for or x-real-ip; " +
        'remote_addr for the address that connected (default: remote_addr, or x-forwarded-for if that is ' +
        'private)',
    )
    .option(
      '--trusted-proxies <addresses>',
      "with --client-from: proxies to trust, such as 10.0.0.0/8,2001:db8::/32, like NGINX's " +
        'set_real_ip_from (default: none; the first address of the header is used, which clients can ' +
        'forge)',
      commaSeparated,
    )
    .option('--host <name>', 'virtual host for logs that do not contain it', UNKNOWN_HOST)
    .option('--exclude-path <globs...>', "leave out requests for these paths: '/health' '/static/**'")
    .option('--no-assets', 'leave out requests for style sheets, scripts, images, fonts, audio and video')
    .option('--server <name>', 'machine name for logs that do not contain it', 'unknown');
}

/** Where events come from: files, or the simulator. */
export function addSource(command: Command): Command {
  return addLineReading(command)
    .option(
      '--input <files...>',
      'files of access logs, service logs or sensor readings, also compressed, their directories, or patterns such as ' +
        "'/var/log/**/*.log', of which the files that are there at the start are read; - for standard input (default: " +
        'simulated traffic)',
    )
    .option(
      '--host-from-file [template]',
      "take the virtual host from the file's name, such as '{host}.access.log' (default: common names, " +
        "or the folder's name)",
      hostTemplate,
    )
    .addOption(
      durationOption('--max-line-ahead <duration>', 'set aside lines further ahead of the lines around them', '1h'),
    )
    .option('--follow', 'keep reading as the files grow, across rotation, and read files that are made later')
    .addOption(
      repeatableOption(
        '--source-topic <name[:format]>',
        'read a topic of another program: JSON, other lines, or Avro with a schema registry; repeatable ' +
          '(default format: auto)',
        sourceTopic,
      ),
    )
    .addOption(
      repeatableOption(
        '--syslog <url>',
        'receive syslog at udp://127.0.0.1:5514 or tcp://127.0.0.1:5514; repeatable',
        syslogPlace,
      ),
    )
    .addOption(
      repeatableOption(
        '--mqtt <url>',
        'read topics of an MQTT broker, such as mqtt://127.0.0.1:1883/sensors/#, with QoS 1; repeatable',
        mqttPlace,
      ),
    )
    .addOption(
      new Option(
        '--mqtt-client-id <id>',
        'client id under which the broker keeps messages while Millrace is not connected',
      ).default(`millrace-${hostname()}`, "millrace- and the machine's name"),
    )
    .option('--speed <factor>', 'replay at this many times real time (default: as fast as possible)', positiveNumber)
    .option('--rate <events>', 'simulated events per second', simulatedRate, 100)
    .option('--count <events>', 'stop after this many simulated events', wholeNumber(1))
    .option('--seed <number>', 'seed of the simulator', wholeNumber(0), 1)
    .addOption(durationOption('--disorder <duration>', 'how late simulated events may arrive', '0s', duration))
    .option('--clients <number>', 'simulated clients (default: 50 times the rate)', wholeNumber(1))
    .option('--hosts <number>', 'simulated hosts (default: a fifth of the rate)', wholeNumber(1))
    .option('--countries <number>', 'simulated countries, at most 40', wholeNumber(1), 12)
    .addOption(
      new Option('--log-rate <lines>', 'simulated service log lines per second')
        .argParser(simulatedRate)
        .default(100)
        .env('LOG_RATE'),
    )
    .option('--sensor-rate <readings>', 'simulated sensor readings per second', simulatedRate, 10)
    .option('--no-incidents', 'simulate ordinary traffic only');
}

interface GoalOptions {
  readonly goals: GoalConfig['goals'];
  readonly grace: number;
  readonly partitions?: number;
  readonly goal1Size: number;
  readonly goal1Advance: number;
  readonly goal1Threshold: number;
  readonly goal2Size: number;
  readonly goal2Advance: number;
  readonly goal2Threshold: number;
  readonly goal3Size: number;
  readonly goal4Size: number;
  readonly serverErrors: boolean;
  readonly serverErrorsSize: number;
  readonly serverErrorsAdvance: number;
  readonly serverErrorsThreshold: number;
  readonly serverErrorsShare: number;
}

function goalNumbers(text: string): GoalConfig['goals'] {
  const numbers = text.split(',').map(Number);
  if (!numbers.every((number) => [1, 2, 3, 4].includes(number))) {
    throw new InvalidArgumentError('It must be some of 1,2,3,4.');
  }
  return [...new Set(numbers)] as unknown as GoalConfig['goals'];
}

function addGoals(command: Command): Command {
  return command
    .option('--goals <numbers>', 'which goals to run', goalNumbers, DEFAULT_GOAL_CONFIG.goals)
    .addOption(
      durationOption(
        '--grace <duration>',
        'how late a record may be and still count; by default 1s for services, and for files that are read to their end ' +
          'at least twice what their first lines are out of order by',
        '5s',
        duration,
      ),
    )
    .option('--partitions <number>', 'partitions of each topic that is created (default: 1)', partitionCount)
    .addOption(durationOption('--goal1-size <duration>', 'goal 1: size of the windows', '20s'))
    .addOption(durationOption('--goal1-advance <duration>', 'goal 1: how far windows hop', '1s'))
    .option('--goal1-threshold <requests>', 'goal 1: report clients with more than this', wholeNumber(0), 10)
    .addOption(durationOption('--goal2-size <duration>', 'goal 2: size of the windows', '30s'))
    .addOption(durationOption('--goal2-advance <duration>', 'goal 2: how far windows hop', '1s'))
    .option('--goal2-threshold <responses>', 'goal 2: report hosts with more than this', wholeNumber(0), 15)
    .addOption(durationOption('--goal3-size <duration>', 'goal 3: size of the windows', '1m'))
    .addOption(durationOption('--goal4-size <duration>', 'goal 4: size of the windows', '1m'))
    .addOption(durationOption('--server-errors-size <duration>', 'bursts of 5xx: size of the windows', '10s'))
    .addOption(durationOption('--server-errors-advance <duration>', 'bursts of 5xx: how far windows hop', '1s'))
    .option(
      '--server-errors-threshold <responses>',
      'bursts of 5xx: report hosts with more than this',
      wholeNumber(0),
      10,
    )
    .option(
      '--server-errors-share <share>',
      'bursts of 5xx: report only bursts of at least this share of the requests, 0 to 1',
      shareOfOne,
      0.05,
    )
    .option('--no-server-errors', 'do not detect bursts of 5xx');
}

export interface ApplicationOptions extends GoalOptions, KnownClientsOptions, CalendarOptions, BudgetOptions {
  readonly pipelines: readonly PipelineName[];
  readonly detectors: readonly DetectorFamily[];
  readonly errorRateLimit: number;
  readonly temperatureLimit: number;
  readonly pressureLimit: number;
  readonly endpointLimit?: number;
  readonly endpointErrorLimit?: number;
  readonly endpointTimeLimit?: number;
  readonly falseAlarms: number;
  readonly clientLimit: number;
  readonly scanLimit: number;
}

/** A parser for a comma-separated list of some of the names. */
function someOf<Name extends string>(names: readonly Name[]): (text: string) => readonly Name[] {
  return (text) => {
    const given = text.split(',').map((name) => name.trim());
    const found = names.filter((name) => given.includes(name));
    if (found.length !== new Set(given).size) throw new InvalidArgumentError(`It must be some of ${names.join(',')}.`);
    return found;
  };
}

export function pipelinesOption(description: string, byDefault: readonly PipelineName[]): Option {
  return new Option('--pipelines <names>', `${description}: some of ${PIPELINES.join(',')}`)
    .argParser(someOf(PIPELINES))
    .default(byDefault, byDefault.join(','));
}

/** The pipelines that run, and their configuration. */
export function addPipelines(command: Command): Command {
  const { detectors, sensors, services, webStatistics } = DEFAULT_APPLICATION_CONFIG;
  const { addresses } = services;
  return addGoals(
    addBudgets(addCalendar(addKnownClients(command)))
      .addOption(pipelinesOption('pipelines to run', PIPELINES))
      .addOption(
        new Option(
          '--detectors <families>',
          'detectors for services: adaptive, textbook (high_latency, error_spike), or both',
        )
          .argParser(someOf(DETECTOR_FAMILIES))
          .default(detectors, detectors.join(',')),
      )
      .option(
        '--error-rate-limit <share>',
        'web statistics: flag a minute with a larger share of errors',
        positiveNumber,
        webStatistics.errorRate,
      )
      .option(
        '--temperature-limit <degrees>',
        'sensors: highest normal temperature of a reading, in °C',
        positiveNumber,
        sensors.temperature,
      )
      .option(
        '--pressure-limit <pressure>',
        'sensors: highest normal pressure of a reading',
        positiveNumber,
        sensors.pressure,
      )
      .option(
        '--endpoint-limit <lines>',
        'services: limit of lines per endpoint and minute (default: learned per endpoint)',
        wholeNumber(1),
      )
      .option(
        '--endpoint-error-limit <share>',
        "services: limit of the share of an endpoint's responses in a minute with status 400 to 599 (default: learned " +
          'per endpoint)',
        positiveNumber,
      )
      .option(
        '--endpoint-time-limit <milliseconds>',
        "services: limit of an endpoint's mean response time in a minute (default: learned per endpoint)",
        positiveNumber,
      )
      .option(
        '--false-alarms <count>',
        'services: how many false alarms per week and service chance may cause, where --budget names none; determines the ' +
          'detection limits',
        positiveNumber,
        services.falseAlarmsPerWeek,
      )
      .option(
        '--client-limit <lines>',
        'services: limit of lines per client in 5 s',
        wholeNumber(1),
        addresses.requests,
      )
      .option(
        '--scan-limit <responses>',
        'services: limit of responses with status 4xx per client in 5 s',
        wholeNumber(1),
        addresses.clientErrors,
      ),
  );
}

export function applicationConfig(options: ApplicationOptions): ApplicationConfig {
  const { detectors, errorRateLimit, pipelines, pressureLimit, temperatureLimit } = options;
  const { services, webStatistics } = DEFAULT_APPLICATION_CONFIG;
  return {
    ...DEFAULT_APPLICATION_CONFIG,
    ...goalSettings(options),
    pipelines,
    detectors,
    webStatistics: { ...webStatistics, errorRate: errorRateLimit },
    abuse: { excludedClients: options.excludeClients, crawlers: options.crawlers },
    calendar: calendarConfig(options),
    budgets: options.budget ?? [],
    sensors: { temperature: temperatureLimit, pressure: pressureLimit },
    services: {
      ...services,
      // What was not asked for is shorter for services: their lines come as they are logged.
      grace: options.grace === toMilliseconds(DEFAULT_APPLICATION_CONFIG.grace, 'it') ? services.grace : options.grace,
      falseAlarmsPerWeek: options.falseAlarms,
      endpoints: {
        ...services.endpoints,
        requests: options.endpointLimit,
        errorRate: options.endpointErrorLimit,
        responseTime: options.endpointTimeLimit,
      },
      addresses: { ...services.addresses, requests: options.clientLimit, clientErrors: options.scanLimit },
    },
  };
}

function goalSettings(options: GoalOptions): Omit<GoalConfig, 'topics'> {
  return {
    goals: options.goals,
    grace: options.grace,
    goal1: { ...hopping('goal1', options.goal1Size, options.goal1Advance), threshold: options.goal1Threshold },
    goal2: { ...hopping('goal2', options.goal2Size, options.goal2Advance), threshold: options.goal2Threshold },
    goal3: { size: options.goal3Size, advance: options.goal3Size },
    goal4: { size: options.goal4Size, advance: options.goal4Size },
    serverErrors: options.serverErrors
      ? {
          ...hopping('server-errors', options.serverErrorsSize, options.serverErrorsAdvance),
          threshold: options.serverErrorsThreshold,
          share: options.serverErrorsShare,
        }
      : undefined,
  };
}

/** An event is in so many windows at most: each may be sent, at each change. */
const MAX_WINDOWS = 3600;

/** @throws UsageError when there are no such windows */
function hopping(name: string, size: number, advance: number): { readonly size: number; readonly advance: number } {
  const sizeText = `--${name}-size, ${ms(size)},`;
  const advanceText = `--${name}-advance, ${ms(advance)}`;
  if (advance > size) {
    throw new UsageError(`${sizeText} is less than ${advanceText}: what comes between two windows would not count`);
  }
  if (size / advance > MAX_WINDOWS) {
    throw new UsageError(`${sizeText} is more than ${MAX_WINDOWS} times ${advanceText}: let windows advance by more`);
  }
  return { size, advance };
}

/** @throws UsageError when lines cannot be read by it */
export function requireLogFormat({
  logFormat,
  map,
  timeZone,
}: Pick<SourceOptions, 'logFormat' | 'map' | 'timeZone'>): void {
  try {
    chosenFormat(logFormat, { map });
    new EventClock({ maxFutureMs: 0, timeZone }, new OddFieldCounts());
  } catch (error) {
    if (!(error instanceof ProducerError)) throw error;
    const option = error.code === 'MAP' ? '--map' : error.code === 'TIME_ZONE' ? '--time-zone' : '--log-format';
    throw new UsageError(`${option}: ${error.message}`);
  }
}
