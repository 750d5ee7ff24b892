import type { Command } from 'commander';
import { prepareReceivedTopics } from '../../app/log/topics.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import { type MakeProgram, Reload } from '../configuration/reload.js';
import { type AlertsOptions, addAlerts, alertsOf } from '../options/alerts.js';
import { addStateAccess, type StateAccessOptions, stateAccessOf } from '../options/application-server.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { addElasticsearch, type ElasticsearchOptions, elasticsearchOf } from '../options/elasticsearch.js';
import { addHttp, type HttpOptions } from '../options/http.js';
import { addListen, type ListenOptions, receivingOf } from '../options/listen.js';
import {
  accessDirectory,
  addLineReading,
  httpDirectory,
  type LineReadingOptions,
  partitionCount,
  requireLogFormat,
} from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { levelOfServer, type MessageOptions, print, say, sayAs } from '../terminal/output.js';
import { programVersion } from '../terminal/program.js';
import { safe } from '../terminal/safe-text.js';
import { lakeDirectory } from './lake.js';

interface ServeOptions
  extends ConnectionOptions,
    HttpOptions,
    ElasticsearchOptions,
    AlertsOptions,
    StateAccessOptions,
    ListenOptions,
    LineReadingOptions,
    MessageOptions {
  readonly partitions: number;
}

export function serveCommand(program: Command, makeProgram: MakeProgram): Command {
  const command = program
    .command('serve')
    .description("serve the dashboard and the HTTP API for a pipeline's data, also while it runs");
  const receiving = addLineReading(addListen(addElasticsearch(addHttp(command)))).option(
    '--partitions <number>',
    'with --listen: partitions of each topic that is created',
    partitionCount,
    1,
  );
  return addStateAccess(addConnection(addAlerts(receiving))).action((options: ServeOptions) =>
    serveResults(options, command, makeProgram),
  );
}

async function serveResults(given: ServeOptions, command: Command, makeProgram: MakeProgram): Promise<void> {
  const options = { ...given, listen: listens(given, command) };
  const alerts = alertsOf(options);
  const elasticsearch = elasticsearchOf(options);
  const receiving = receivingOf(options);
  const stop = new AbortController();
  stopOnSignals(stop);
  const connection = await connect(options, { runs: 'reader' }, stop.signal);
  try {
    // Events are taken also before a pipeline has ever run.
    if (options.listen) await prepareReceivedTopics(connection.log, DEFAULT_APPLICATION_CONFIG, options.partitions);
    // Express and its like are loaded by who serves.
    const { serve } = await import('../../api/serve.js');
    const server = await serve({
      ...{ log: connection.log, schemas: connection.schemas, config: DEFAULT_APPLICATION_CONFIG },
      address: options.http,
      directory: httpDirectory(options),
      accessDirectory: accessDirectory(options.rootDir),
      tenant: options.tenant,
      lakeDirectory: lakeDirectory(options),
      elasticsearch,
      version: programVersion(),
      auth: options.auth,
      logsToStderr: levelOfServer(options),
      alerts,
      stateAccess: stateAccessOf(options),
      ...receiving,
    });
    print(safe`dashboard: ${server.setupUrl ?? server.url}`);
    if (!options.auth) say(safe`--no-auth: anybody on this machine may see and change all of it`);
    const reload = await Reload.start({
      ...{ command, makeProgram, files: ({ alerts: file }) => [file] },
      apply: async (changed) => {
        server.useAlerts(alertsOf(changed));
        await sayAs(changed as MessageOptions);
      },
    });
    let failure: Error | undefined;
    server.ended.then((error) => {
      failure = error;
      stop.abort();
    });
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve();
      stop.signal.addEventListener('abort', () => resolve());
    });
    await reload.close();
    await server.close();
    if (failure !== undefined) throw failure;
  } finally {
    await connection.close();
  }
}

/** A file of settings may be that of a `start`, too, which takes the events of an embedded log. @throws UsageError */
function listens(options: ServeOptions, command: Command): boolean {
  const { brokers, listen = false } = options;
  if (!listen) return false;
  if (brokers === undefined && command.getOptionValueSource('listen') === 'cli') {
    throw new UsageError(
      '--listen of serve needs --brokers: on an embedded log, `millrace start --listen` takes events',
    );
  }
  requireLogFormat(options);
  return brokers !== undefined;
}
