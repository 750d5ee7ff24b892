import type { Log } from '@millrace/streams';
import type { Logger } from 'pino';
import type { RecordDecoder } from '../app/results/record-decoder.js';
import type { NotifyService } from '../notify/notify-service.js';
import type { SchemaCatalogue } from '../schemas/schema-catalogue.js';
import type { ApplicationConfig } from '../topology/application-config.js';
import type { Accounts } from './auth/accounts.js';
import type { Authentication } from './auth/authentication.js';
import type { Cookies } from './auth/cookies.js';
import type { Visitor } from './auth/visitor.js';
import type { EventHub } from './live/event-hub.js';
import type { LiveResults } from './live/live-results.js';
import type { PipelineRules } from './pipeline-rules.js';
import type { StoredLines } from './search/stored-lines.js';
import type { RunningStores } from './state/running-stores.js';

/** What handlers work with. */
export interface Services {
  readonly log: Log;
  readonly schemas: SchemaCatalogue;
  readonly decoder: RecordDecoder;
  readonly config: ApplicationConfig;
  /** Of the pipeline beside this server; undefined where there is none, and `config` is what is usual. */
  readonly rules: PipelineRules | undefined;
  readonly live: LiveResults;
  readonly events: EventHub;
  /** What is in the stores of the pipeline. */
  readonly stores: RunningStores;
  readonly logger: Logger;
  /** Of this program. */
  readonly version: string;
  readonly startedAt: number;
  /** Where the server keeps what is its own. */
  readonly directory: string;
  /** Where the lake is; undefined where there can be none. */
  readonly lakeDirectory: string | undefined;
  /** Where lines are that are no longer in memory; the first that keeps such lines is asked. */
  readonly storedLines: readonly StoredLines[];
  /** Undefined where nobody signs in. */
  readonly accounts: Accounts | undefined;
  readonly authentication: Authentication;
  readonly cookies: Cookies;
  /** Notes who has done what. */
  audit(visitor: Visitor, action: string, details: Readonly<Record<string, unknown>>): void;
  /** Alert delivery; missing where nobody is told. */
  readonly notify?: NotifyService;
  /** What was told of an incident; missing where nobody is told. */
  deliveriesOf?(incident: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}
