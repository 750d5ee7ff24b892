import { isDeepStrictEqual } from 'node:util';
import { APPLICATION_ID_RULE, type ApplicationServer, isApplicationId } from '@millrace/streams';
import { type Command, InvalidArgumentError } from 'commander';
import type { PipelineRules } from '../../api/pipeline-rules.js';
import type { ElasticsearchAddress } from '../../api/serve.js';
import { disorderOf, graceFor } from '../../app/ingestion/disorder.js';
import { ingest } from '../../app/ingestion/ingest.js';
import { besideSources } from '../../app/ingestion/own-topics.js';
import type { LakeRetention } from '../../app/lake/lake-upkeep.js';
import { isInterruption } from '../../app/log/interrupted.js';
import type { OpenLog, Purpose } from '../../app/log/open-log.js';
import { placeFor } from '../../app/log/places.js';
import type { RetentionOptions } from '../../app/log/retention.js';
import { prepareTopics } from '../../app/log/topics.js';
import { type PipelineRequest, type RunningPipeline, runPipeline } from '../../app/pipeline/run-pipeline.js';
import type { StateAccess } from '../../app/pipeline/state-access.js';
import { type ResultsReader, readResults } from '../../app/results/results-reader.js';
import type { FileConfig } from '../../notify/config.js';
import { newWriterMetrics, type WriterMetrics } from '../../producer/raw-topic-writer.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { limitsOf, withLimits } from '../../topology/live-limits.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { type MakeProgram, Reload, type ReloadOptions, reloadable } from '../configuration/reload.js';
import { type AlertsOptions, addAlerts, alertsOf } from '../options/alerts.js';
import {
  type ApplicationServerOptions,
  addApplicationServer,
  applicationServerOf,
  stateAccessOf,
} from '../options/application-server.js';
import {
  addConnection,
  addGroup,
  type ConnectionOptions,
  connect,
  consumeCommandOf,
  logPlace,
} from '../options/connection.js';
import { positiveDuration, positiveWait } from '../options/duration.js';
import { addElasticsearch, type ElasticsearchOptions, elasticsearchOf } from '../options/elasticsearch.js';
import { type HttpOptions, httpOption } from '../options/http.js';
import { addListen, type ListenOptions, receivingOf } from '../options/listen.js';
import {
  type ApplicationOptions,
  accessDirectory,
  addPipelines,
  addSource,
  applicationConfig,
  durationOption,
  httpDirectory,
  requireLogFormat,
  type SourceOptions,
  sizeOption,
  wholeNumber,
} from '../options/options.js';
import { addRetention } from '../options/retention.js';
import { receives, receivesLive, sourcesOf } from '../options/source.js';
import { UsageError } from '../options/usage-error.js';
import { InterruptedError, isToldToStop, stopOnSignals } from '../terminal/interruption.js';
import { sayNotice } from '../terminal/notice-text.js';
import { levelOfServer, type MessageOptions, print, say, sayAs } from '../terminal/output.js';
import { programVersion } from '../terminal/program.js';
import { requireUsable } from '../terminal/require-usable.js';
import { type SafeText, safe } from '../terminal/safe-text.js';
import { Status } from '../terminal/status.js';
import { found, moreIn, type Run, summary, topicsWithResults } from '../terminal/summary.js';
import { aboutHowLong, roundedUp } from '../terminal/times.js';
import { HttpProcess } from './http-process.js';
import { lakeDirectory } from './lake.js';
import { type NamedPort, requireFree } from './named-ports.js';
import { modelsDirectory } from './train.js';

/** As many processes as that can share the work of topics that are made on Kafka. */
const KAFKA_PARTITIONS = 4;

/** Settings that are used from then on when they change while it runs: limits from the next windows on. */
const TAKEN_OVER: ReadonlySet<string> = new Set([
  ...['goal1-threshold', 'goal2-threshold', 'server-errors-threshold', 'server-errors-share'],
  ...['error-rate-limit', 'temperature-limit', 'pressure-limit', 'client-limit', 'scan-limit'],
  ...['endpoint-limit', 'endpoint-error-limit', 'endpoint-time-limit', 'false-alarms', 'budget'],
  ...['calendar', 'maintenance', 'exclude-clients', 'crawlers', 'retention', 'retention-size', 'lake-age', 'lake-size'],
]);

/** A last commit waits for brokers that are away, but not for ever. */
const CLOSE_WITHIN_MS = 10_000;

interface StartOptions
  extends SourceOptions,
    ApplicationOptions,
    ConnectionOptions,
    RetentionOptions,
    ApplicationServerOptions,
    AlertsOptions,
    ElasticsearchOptions,
    ListenOptions,
    MessageOptions {
  readonly once?: boolean;
  readonly applicationId: string;
  readonly processes: number;
  readonly standbys: number;
  readonly commitInterval: number;
  readonly idle: number;
  readonly maxAhead: number;
  /** False: no HTTP. */
  readonly http: HttpOptions['http'] | false;
  readonly auth: boolean;
  /** True: the usual place. False: nothing is stored. */
  readonly lake?: string | boolean;
  readonly lakeAge: number;
  readonly lakeSize: number;
  readonly logSize: number;
}

export function startCommand(program: Command, makeProgram: MakeProgram): Command {
  const command = program
    .command('start')
    .description(
      'run the pipeline; without options, on simulated NGINX traffic. With --brokers it processes the ' +
        'records in the raw topic, and adds events only with --input, --listen, --syslog, --mqtt, ' +
        '--source-topic, --count or --rate',
    )
    .option('--once', 'stop at the end of the input after closing every window, and print a summary')
    .option(
      '--application-id <name>',
      'name of the consumer group, the internal topics and the state',
      applicationId,
      'millrace',
    )
    .option('--processes <number>', 'with --brokers: number of processes that share the partitions', wholeNumber(1), 1)
    .option(
      '--standbys <number>',
      'with --brokers: keep standby state so that this many other processes can be lost',
      wholeNumber(0),
      0,
    )
    .option(
      '--lake [directory]',
      'also store events and results in a Delta Lake table (default: "lake" in the data directory); on ' +
        'by default, except with --once or --brokers',
    )
    .option('--no-lake', 'store nothing except the topics')
    .addOption(
      durationOption('--lake-age <duration>', 'how long the lake keeps events and results', '30d', positiveDuration),
    )
    .addOption(sizeOption('--lake-size <size>', 'maximum size of the lake; the oldest hours are deleted first', '10GB'))
    .addOption(
      sizeOption(
        '--log-size <size>',
        'maximum size of the embedded log on disk; the oldest processed records are deleted first',
        '10GB',
      ),
    )
    .addOption(durationOption('--commit-interval <duration>', 'how often results are committed', '100ms', positiveWait))
    .addOption(
      durationOption(
        '--idle <duration>',
        'live input: how long a partition may be silent before windows close without it',
        '30s',
        positiveWait,
      ),
    )
    .addOption(
      durationOption(
        '--max-ahead <duration>',
        'refuse events further ahead of the clock, or of the events around them',
        '1d',
      ),
    )
    .addOption(
      httpOption('address of the dashboard and the HTTP API; if the default port is busy, the next free one is used'),
    )
    .option('--no-http', 'do not serve HTTP; with --once or --brokers it is served only if --http is given')
    .option('--no-auth', 'let anybody on this machine use it without signing in');
  const stored = addRetention(addPipelines(addSource(addListen(addAlerts(addElasticsearch(command))))));
  addApplicationServer(addGroup(addConnection(stored)));
  for (const option of command.options) if (TAKEN_OVER.has(option.name())) reloadable(option);
  return command.action((options: StartOptions) => start(options, command, makeProgram));
}

function applicationId(text: string): string {
  if (!isApplicationId(text)) throw new InvalidArgumentError(`It must be ${APPLICATION_ID_RULE}.`);
  return text;
}

/** Where the events come from. */
interface Feeding {
  /** False: others write them. */
  readonly feeds: boolean;
  /** Whether it has an end. */
  readonly ends: boolean;
}

function feedingOf(options: StartOptions, command: Command): Feeding {
  const { brokers, count, follow, input, once = false, processes, sourceTopic, standbys } = options;
  const feeds =
    brokers === undefined ||
    input !== undefined ||
    receives(options) ||
    count !== undefined ||
    command.getOptionValueSource('rate') !== 'default';
  const isRead = sourceTopic === undefined ? count !== undefined : once;
  const ends = !receivesLive(options) && (feeds ? (input === undefined ? isRead : !follow) : once);
  if (once && !ends)
    throw new UsageError('--once needs an input that ends: --input without --follow, --source-topic, or --count');
  if (processes > 1 && brokers === undefined) {
    throw new UsageError('--processes needs --brokers: an embedded log is for one process');
  }
  if (standbys > 0 && brokers === undefined) {
    throw new UsageError('--standbys needs --brokers: an embedded log is for one process, which has all of the state');
  }
  if (processes > 1 && (options.applicationServer?.port ?? 0) !== 0) {
    throw new UsageError('several processes cannot share one port: give --application-server the port 0');
  }
  if (processes > 1 && once) throw new UsageError('--once is for one process; leave --processes out');
  return { feeds, ends };
}

/** Beside topics that others fill, with topics of our own. @throws AppError SOURCE_TOPIC */
function configOf(options: StartOptions): ApplicationConfig {
  const { sourceTopic = [] } = options;
  return besideSources(
    applicationConfig(options),
    sourceTopic.map(({ topic }) => topic),
  );
}

/** On an embedded log, simulated traffic and one's own logs do not mix. */
function placeOf(options: StartOptions): string {
  const { brokers, dataDir, input } = options;
  const isSimulated = input === undefined && !receives(options);
  if (brokers !== undefined) return dataDir;
  const place = placeFor(dataDir, isSimulated ? 'simulated' : 'own-logs');
  if (place !== dataDir) {
    say(safe`${dataDir} holds ${isSimulated ? 'logs of your own' : 'simulated traffic'}: this run uses ${place}`);
  }
  return place;
}

/** What was asked for, and what follows from it. */
interface RunOptions extends StartOptions {
  /** Whether nobody said how late a record may be. */
  readonly choosesGrace: boolean;
  readonly serves: boolean;
  /** Where this pipeline is asked for its state, and with what; undefined: it tells nothing of itself. */
  readonly answersAt?: ApplicationServer;
  readonly stateAccess?: StateAccess;
  /** Whom incidents are told. */
  readonly told: FileConfig;
  /** Where lines are searched that sinks have copied. */
  readonly searchedIn: ElasticsearchAddress | undefined;
  /** Takes over what changes in files of settings. */
  readonly reload: (apply: ReloadOptions['apply']) => Promise<Reload>;
}

/** Over an embedded log that stays, or where it is asked for: on Kafka it would read the topics of others, and need rights. */
function serves({ brokers, http, listen, once }: StartOptions, command: Command): boolean {
  if (http === false) return false;
  return command.getOptionValueSource('http') !== 'default' || listen === true || (!once && brokers === undefined);
}

/** Nobody looks at what is over soon, nor asks a cluster for it each second, unless there is a server to look at it with. */
function stateOf(options: StartOptions, command: Command): Pick<RunOptions, 'answersAt' | 'stateAccess'> {
  const { applicationServer, brokers, once = false } = options;
  if (!serves(options, command) && applicationServer === undefined && (brokers !== undefined || once)) return {};
  const stateAccess = stateAccessOf(options);
  return { stateAccess, answersAt: applicationServerOf(options, stateAccess) };
}

async function start(given: StartOptions, command: Command, makeProgram: MakeProgram): Promise<void> {
  const source = feedingOf(given, command);
  // Mistakes in the options are reported before anything is opened.
  configOf(given);
  sourcesOf(given);
  requireLogFormat(given);
  const dataDir = placeOf(given);
  const options = {
    ...given,
    dataDir,
    choosesGrace: command.getOptionValueSource('grace') === 'default',
    serves: serves(given, command),
    ...stateOf({ ...given, dataDir }, command),
    told: alertsOf(given),
    searchedIn: elasticsearchOf(given),
    reload: (apply: ReloadOptions['apply']) =>
      Reload.start({ ...{ command, makeProgram, files: ({ alerts }) => [alerts as string | undefined] }, apply }),
  };
  if (!options.serves && (given.alerts ?? given.webhook) !== undefined) {
    throw new UsageError(
      '--alerts and --webhook need the HTTP process, which tells: leave --no-http out; with --once or --brokers, add --http',
    );
  }
  if (options.listen && !options.serves) throw new UsageError('--listen takes events over HTTP: leave --no-http out');
  await requireFree(namedPorts(options));
  const stop = new AbortController();
  const startedAt = Date.now();
  stopOnSignals(stop);
  const connections: OpenLog[] = [];
  if (options.standbys > 0 && options.processes > 1) {
    say(
      safe`the processes of this machine share the state in ${options.dataDir}: standbys are of tasks that run elsewhere`,
    );
  }
  const open = async (purpose: Purpose): Promise<OpenLog> => {
    const connection = await connect(options, purpose, stop.signal);
    connections.push(connection);
    return connection;
  };
  try {
    const single = options.processes === 1;
    const connection = await open(single ? { runs: 'tasks', maxLogBytes: options.logSize } : { runs: 'reader' });
    // On Kafka one producer has one transaction at a time: what feeds has a producer of its own.
    const feeding = source.feeds && options.brokers !== undefined ? await open({ runs: 'producer' }) : connection;
    await run(options, source, connection, feeding, stop, startedAt);
  } catch (error) {
    if (!isInterruption(error)) throw error;
    // Told to stop while it waited for a service, it has nothing to say, unless there was an end to come to.
    if (source.ends && isToldToStop()) throw new InterruptedError('interrupted: the input was not read to its end');
  } finally {
    for (const connection of connections) await connection.close();
  }
}

/** Where others are to reach this process. A default of HTTP's is none: where it is busy, the next will do. */
function namedPorts({ applicationServer, http, serves, syslog = [] }: RunOptions): NamedPort[] {
  const places: NamedPort[] = syslog.map((place) => ({ option: '--syslog', ...place }));
  if (applicationServer !== undefined) {
    places.push({ option: '--application-server', protocol: 'tcp', ...applicationServer });
  }
  if (serves && http !== false && http.isDefault !== true) places.push({ option: '--http', protocol: 'tcp', ...http });
  return places;
}

async function run(
  options: RunOptions,
  source: Feeding,
  connection: OpenLog,
  feeding: OpenLog,
  stop: AbortController,
  startedAt: number,
): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve());
  });
  // What a file holds is a function of the file: only live input is moved on, and missed, by the clock.
  const readsAllPartitions = options.brokers === undefined && options.processes === 1;
  const grace = await graceOf(options, source, stop.signal);
  const config = { ...configOf(options), grace, watchesClock: !source.ends, readsAllPartitions };
  const { log } = connection;
  const partitions =
    options.partitions ??
    (await log.partitions(config.topics.accessLog)) ??
    (options.brokers === undefined ? 1 : Math.max(KAFKA_PARTITIONS, options.processes));
  const serdes = await prepareTopics(connection, config, partitions, options);
  const pipelineOptions = {
    applicationId: options.applicationId,
    commitInterval: options.commitInterval,
    idle: source.ends ? ('never' as const) : options.idle,
    maxTimeAhead: options.maxAhead,
    numStandbyReplicas: options.standbys,
    modelsDirectory: modelsDirectory(options.dataDir),
    ...(options.answersAt && { tellsStatusAs: programVersion(), applicationServer: options.answersAt }),
  };
  const reader = await readResults(log, config, serdes, { from: 'now' });
  const pipeline = await runPipeline({
    ...{ data: connection, config, serdes, options: pipelineOptions },
    ...(options.processes === 1 ? {} : { processes: { count: options.processes, log: logPlace(options) } }),
    ...storedIn(options),
    trainsFirstModel: config.pipelines.includes('services') && !options.once,
    onFailure: () => stop.abort(),
    onNotice: sayNotice,
  });
  const metrics = await feedAndWatch(options, source, {
    ...{ config, connection, feeding, pipeline, reader, stop, aborted },
  });
  await reader.readToEnd().catch((error: unknown) => {
    // What has been read is worth a summary.
    if (!isInterruption(error)) throw error;
  });
  await reader.close();
  const isPartial = isToldToStop() && source.ends;
  const isNothingNew = options.input !== undefined && metrics.events + metrics.refused.total === 0 && !isPartial;
  if (isNothingNew) {
    for (const line of await standingResults(options, connection, config, serdes)) print(line);
  }
  const { topics } = config;
  const seconds = (Date.now() - startedAt) / 1000;
  const run: Run = {
    ...{ metrics: pipeline.metrics, writer: metrics, results: reader, feeds: source.feeds },
    ...{ seconds, topics, graceMs: grace, consume: consumeCommandOf(options) },
  };
  if (!isNothingNew || pipeline.metrics.recordsConsumed > 0) print(summary(run));
  if (isPartial)
    throw new InterruptedError('interrupted: this is of a part of the input; the same start goes on from there');
  requireUsable(metrics);
}

/**
 * How late a record may be, in milliseconds. Nobody waits for what is read to its end: where its lines are out of order,
 * windows stay open for them.
 */
async function graceOf(options: RunOptions, { ends }: Feeding, signal: AbortSignal): Promise<number> {
  if (!options.choosesGrace || !ends) return options.grace;
  const files = sourcesOf(options).filter((one) => one.kind === 'files');
  const disorders = await Promise.all(files.map((one) => disorderOf(one, signal)));
  const disorder = Math.max(0, ...disorders);
  const grace = graceFor(disorder, options.grace);
  if (grace > options.grace) {
    say(
      safe`lines are out of order by up to ${aboutHowLong(disorder)}: they count up to ${roundedUp(grace)} late (--grace)`,
    );
  }
  return grace;
}

/** An input that was read before: its known facts are reported again. */
async function standingResults(
  options: StartOptions,
  { log }: OpenLog,
  config: ApplicationConfig,
  serdes: TopicSerdes,
): Promise<SafeText[]> {
  const reader = await readResults(log, config, serdes, { from: 'start' });
  await reader.readToEnd();
  await reader.close();
  const inputs = (options.input ?? []).map((name) => (name === '-' ? 'standard input' : name)).join(', ');
  if (topicsWithResults(reader).length === 0) return [safe`nothing new in ${inputs}, and there are no results`];
  return [
    safe`nothing new in ${inputs}; the results stand:`,
    ...found(reader),
    ...moreIn(consumeCommandOf(options), topicsWithResults(reader)),
  ];
}

/** Where what is read and found is stored, if it is. */
function storedIn(options: StartOptions): Pick<PipelineRequest, 'lake'> {
  const { brokers, lake, once = false } = options;
  const isLive = brokers === undefined && !once;
  // What runs once is as fast as it can be, and on Kafka several may store.
  if (lake === false || (lake === undefined && !isLive)) return {};
  const directory = lakeDirectoryOf(options);
  if (!isLive) return { lake: { directory } };
  return { lake: { directory, retention: lakeRetentionOf(options), beside: logPlace(options) } };
}

function lakeDirectoryOf({ dataDir, lake, tenant }: StartOptions): string {
  return lakeDirectory({
    dataDir,
    ...(tenant === undefined ? {} : { tenant }),
    ...(typeof lake === 'string' ? { lake } : {}),
  });
}

interface Running {
  readonly connection: OpenLog;
  readonly config: ApplicationConfig;
  readonly feeding: OpenLog;
  readonly pipeline: RunningPipeline;
  readonly reader: ResultsReader;
  readonly stop: AbortController;
  readonly aborted: Promise<void>;
}

/** Writes the source's events, tells how the pipeline does, and closes it at the end. */
async function feedAndWatch(options: RunOptions, source: Feeding, running: Running): Promise<WriterMetrics> {
  const { aborted, config, feeding, pipeline, reader, stop } = running;
  const metrics = newWriterMetrics();
  const status = new Status(pipeline, reader, metrics, source.feeds);
  status.start();
  const http = httpBeside(options, config, (url) => {
    status.url = url;
  });
  let used = limitsOf(config);
  const reload = await options.reload(async (changed) => {
    const next = changed as StartOptions;
    const limits = limitsOf(configOf(next));
    http?.useAlerts(alertsOf(next));
    await sayAs(next);
    await useRetention(next, running);
    const { lake, retention, retentionSize } = rulesOf({ ...options, ...next });
    http?.useRules({
      config: withLimits(config, limits),
      rules: { ...rulesOf(options), lake, retention, retentionSize },
    });
    if (isDeepStrictEqual(limits, used)) return;
    pipeline.useLimits(limits);
    used = limits;
  });
  try {
    if (source.feeds) {
      const partitions = (await feeding.log.partitions(config.topics.accessLog)) ?? 1;
      const serdes = await prepareTopics(feeding, config, partitions, options);
      const request = {
        data: feeding,
        config,
        serdes,
        metrics,
        signal: stop.signal,
        onNotice: sayNotice,
        applicationId: options.applicationId,
        once: source.ends,
      };
      await Promise.all(sourcesOf(options).map((one) => ingest(one, request)));
    }
    if (source.ends && !stop.signal.aborted) {
      // A log grows: the next run counts on in the windows that this one leaves open.
      await Promise.race([pipeline.drain({ keepOpen: options.input !== undefined }), aborted]);
      const isOver =
        options.input === undefined ? 'the input has ended and every window is closed' : 'the input has ended';
      if (!options.once) say(safe`${isOver}; Ctrl-C stops`);
    }
    // The running engine keeps Node alive.
    if (!options.once && !stop.signal.aborted) await aborted;
  } finally {
    await reload.close();
    await status.stop();
    await http?.close();
    await pipeline.close({ withinMs: CLOSE_WITHIN_MS });
  }
  return metrics;
}

/** What the server says that this pipeline goes by. */
function rulesOf(options: StartOptions): PipelineRules {
  const { drop = [], mask = [], retention = {}, retentionSize = {} } = options;
  return { drop, mask, retention, retentionSize, lake: storedIn(options).lake?.retention };
}

/** What topics of the embedded log, and the lake, keep from now on. Those of Kafka keep what is set there. */
async function useRetention(options: StartOptions, { config, connection, pipeline }: Running): Promise<void> {
  if (options.brokers === undefined) {
    const partitions = (await connection.log.partitions(config.topics.accessLog)) ?? 1;
    await prepareTopics(connection, config, partitions, options);
  }
  pipeline.useLakeRetention(lakeRetentionOf(options));
}

function lakeRetentionOf({ lakeAge, lakeSize }: StartOptions): LakeRetention {
  return { ageMs: lakeAge, sizeBytes: lakeSize };
}

/** The server, in a process of its own. */
function httpBeside(
  options: RunOptions,
  config: ApplicationConfig,
  onUrl: (url: string) => void,
): HttpProcess | undefined {
  const { auth, http, rootDir, searchedIn, serves, stateAccess, tenant, told } = options;
  if (!serves || http === false) return undefined;
  const task = {
    ...{ place: logPlace(options), config, address: http, auth, alerts: told, tenant, stateAccess },
    ...{ directory: httpDirectory(options), accessDirectory: accessDirectory(rootDir) },
    ...{ lakeDirectory: lakeDirectoryOf(options), elasticsearch: searchedIn },
    ...{ version: programVersion(), logsToStderr: levelOfServer(options) },
    ...receivingOf(options),
    rules: rulesOf(options),
  };
  return new HttpProcess(task, onUrl);
}
