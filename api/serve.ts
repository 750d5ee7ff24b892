import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import type { Level } from 'pino';
import type { LineReading } from '../app/ingestion/line-reading.js';
import { openHttpReceiver, type ReceiveLimits } from '../app/ingestion/receive-http.js';
import { serdesOf } from '../app/log/topics.js';
import type { StateAccess } from '../app/pipeline/state-access.js';
import { RecordDecoder } from '../app/results/record-decoder.js';
import { tenantPrefix } from '../app/tenant.js';
import { HttpService } from '../connectors/http-service.js';
import { LakeLines } from '../lake/lines/lake-lines.js';
import { type FileConfig, NO_FILE } from '../notify/config.js';
import { NotifyService } from '../notify/notify-service.js';
import { Secrets } from '../notify/secrets.js';
import type { SchemaCatalogue } from '../schemas/schema-catalogue.js';
import type { ApplicationConfig } from '../topology/application-config.js';
import { Calendar } from '../topology/calendar.js';
import { AccessFile } from './auth/access-file.js';
import { Accounts } from './auth/accounts.js';
import { Authentication } from './auth/authentication.js';
import { Cookies } from './auth/cookies.js';
import { TenantAccess } from './auth/tenant-access.js';
import { type Address, isLoopback, listen, namesOf } from './listen.js';
import { EventHub } from './live/event-hub.js';
import { publishFigures } from './live/figures-ticker.js';
import { LiveResults } from './live/live-results.js';
import { isOfMaintenance } from './live/maintained-beside.js';
import type { PipelineRules } from './pipeline-rules.js';
import { shownDelivery } from './routes/deliveries.js';
import { RESOURCES } from './routes/table.js';
import { StoredInElasticsearch } from './search/elasticsearch/stored-in-elasticsearch.js';
import { StoredInLake } from './search/lake-lines.js';
import { createServer, type RateLimits } from './server.js';
import { serverLog } from './server-log.js';
import type { Services } from './services.js';
import { RunningStores } from './state/running-stores.js';

/** Where an Elasticsearch, or OpenSearch, is; a password may be in the URL. */
export interface ElasticsearchAddress {
  readonly url: string;
  readonly apiKey?: string | undefined;
}

export interface ServeOptions {
  readonly log: Log;
  readonly schemas: SchemaRegistry & SchemaCatalogue;
  readonly config: ApplicationConfig;
  /** Of the pipeline that starts it. */
  readonly rules?: PipelineRules | undefined;
  readonly address: Address;
  /** Where the server keeps what is its own. */
  readonly directory: string;
  /** Where the users of all tenants are; default with what is its own. */
  readonly accessDirectory?: string | undefined;
  /** Whose users are let in; undefined: those of no tenant. */
  readonly tenant?: string | undefined;
  readonly lakeDirectory: string | undefined;
  /** Where sinks copy lines to, which are then searched there rather than in the lake; undefined: they are not. */
  readonly elasticsearch?: ElasticsearchAddress | undefined;
  readonly version: string;
  /** The level from which its log goes to standard error, too, as JSON; undefined: it is in its file alone. */
  readonly logsToStderr?: Level | undefined;
  /** Whom incidents are told, besides what is edited; default nobody. */
  readonly alerts?: FileConfig;
  /** False: anybody may do all, on loopback only. */
  readonly auth: boolean;
  /** Default as `RateLimits` has them. */
  readonly rateLimits?: RateLimits;
  /** With what the processes of the pipeline are asked for their stores; undefined: none is. */
  readonly stateAccess?: StateAccess | undefined;
  /** How the lines are read that senders send; undefined: no events are taken. */
  readonly receives?: LineReading | undefined;
  /** How much of it; default as much as comes. */
  readonly receiveLimits?: ReceiveLimits | undefined;
}

/** An incident is told without more evidence when what it was made of takes longer to read. */
const EVIDENCE_MS = 30_000;

/** What a pipeline goes by. */
export type ShownRules = Pick<ServeOptions, 'config' | 'rules'>;

export interface RunningServer {
  readonly url: string;
  /** Signs in once, as admin; there while nobody has a password. */
  readonly setupUrl: string | undefined;
  readonly services: Services;
  /** Resolves when nothing more can be read of the log, with why. */
  readonly ended: Promise<Error>;
  /** Whom incidents are told from now on, besides what is edited. */
  useAlerts(file: FileConfig): void;
  /** What it says from now on that the pipeline goes by. */
  useRules(rules: ShownRules): void;
  close(): Promise<void>;
}

/** What it is told cannot be done. */
export class ServeError extends Error {
  override readonly name = 'ServeError';
  readonly code = 'SERVE';
}

/** Serves the API and the dashboard over a log. @throws what listening failed with */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const {
    accessDirectory = options.directory,
    address,
    alerts = NO_FILE,
    auth,
    config,
    directory,
    lakeDirectory,
    log,
    rateLimits,
    rules,
    schemas,
    tenant,
    version,
  } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!auth && !isLoopback(address.host)) {
    throw new ServeError(`without sign-in the server is for this machine alone; --http ${address.host} is not`);
  }
  const access = new TenantAccess(new AccessFile(accessDirectory), tenant === undefined ? [] : [tenant]);
  const accounts = auth ? new Accounts(access) : undefined;
  const cookies = new Cookies(tenant);
  const logger = serverLog(join(directory, 'server.log'), options.logsToStderr);
  const decoder = new RecordDecoder(schemas);
  const events = new EventHub();
  const live = new LiveResults(log, config, decoder, events);
  const ofTenant = (file: FileConfig) => ({ ...file, tenant: file.tenant || (tenant ?? '') });
  let calendar = new Calendar(config.calendar);
  const notify = await NotifyService.start({
    ...{ log, decoder, incidentsTopic: config.topics.incidents },
    file: ofTenant(alerts),
    // What is in a directory is of one machine; a cluster is of several, which must have the same key.
    secrets: Secrets.of(log.join === undefined ? join(directory, 'notify.key') : undefined),
    onProblem: (message) => logger.warn({ alerts: true }, message),
    isOfMaintenance: (incident, time) => isOfMaintenance(live, calendar, incident, time),
    evidenceIsRead: async () => {
      if (calendar.hasMaintenance) await live.readToEnd(['alerts', 'serviceLogs'], EVIDENCE_MS);
    },
  });
  const lakeLines = lakeDirectory === undefined ? undefined : new LakeLines(lakeDirectory);
  const storedLines = [
    ...(options.elasticsearch === undefined ? [] : [elasticsearchLines(options.elasticsearch, log, tenant)]),
    ...(lakeLines === undefined ? [] : [new StoredInLake(lakeLines)]),
  ];
  let shown: ShownRules = { config, rules };
  const services: Services = {
    ...{ log, schemas, decoder, live, events, logger, version, directory, lakeDirectory, storedLines },
    get config() {
      return shown.config;
    },
    get rules() {
      return shown.rules;
    },
    stores: new RunningStores(live, options.stateAccess),
    ...{ startedAt: Date.now(), accounts, cookies },
    authentication: new Authentication(accounts, cookies),
    notify,
    deliveriesOf: async (incident) => notify.deliveriesOf(incident).map(shownDelivery),
    audit: (visitor, action, details) => logger.info({ audit: true, by: visitor.name, action, ...details }, action),
  };
  const received =
    options.receives === undefined
      ? undefined
      : await openHttpReceiver(
          { data: { log }, config, serdes: await serdesOf(schemas, config) },
          options.receives,
          options.receiveLimits,
        );
  const app = createServer({
    receiver: received?.receiver,
    resources: RESOURCES,
    services,
    dashboardDirectory: dashboardDirectory(),
    hostNames: namesOf(address.host),
    rateLimits,
  });
  const { server, url } = await listen(app, address);
  live.start();
  const setupUrl = accounts?.needsSetup === true ? `${url}/#/setup?token=${await accounts.newSetupToken()}` : undefined;
  const stopFigures = publishFigures(live, events);
  return {
    url,
    setupUrl,
    services,
    ended: live.failed,
    useAlerts: (file) => notify.useFile(ofTenant(file)),
    useRules: (changed) => {
      shown = changed;
      calendar = new Calendar(changed.config.calendar);
    },
    close: async () => {
      stopFigures();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await received?.close();
      await notify.close();
      await live.close();
      lakeLines?.close();
    },
  };
}

function elasticsearchLines(
  address: ElasticsearchAddress,
  log: Log,
  tenant: string | undefined,
): StoredInElasticsearch {
  const { apiKey, url } = address;
  const authorization = apiKey === undefined ? undefined : `ApiKey ${apiKey}`;
  const service = new HttpService({ name: 'Elasticsearch', url, waitMs: 0, authorization });
  return new StoredInElasticsearch(service, log, { prefix: tenant === undefined ? '' : tenantPrefix(tenant) });
}

/** Beside the sources or what was built of them. */
function dashboardDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, '../web/dist'), join(here, '../../web/dist')];
  return places.find((place) => existsSync(place)) ?? join(here, '../../web/dist');
}
