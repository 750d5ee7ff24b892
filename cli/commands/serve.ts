import type { Command } from 'commander';
import { DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import { type MakeProgram, Reload } from '../configuration/reload.js';
import { type AlertsOptions, addAlerts, alertsOf } from '../options/alerts.js';
import { addStateAccess, type StateAccessOptions, stateAccessOf } from '../options/application-server.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { addHttp, type HttpOptions } from '../options/http.js';
import { accessDirectory, httpDirectory } from '../options/options.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { levelOfServer, type MessageOptions, print, say, sayAs } from '../terminal/output.js';
import { programVersion } from '../terminal/program.js';
import { safe } from '../terminal/safe-text.js';
import { lakeDirectory } from './lake.js';

type ServeOptions = ConnectionOptions & HttpOptions & AlertsOptions & StateAccessOptions & MessageOptions;

export function serveCommand(program: Command, makeProgram: MakeProgram): Command {
  const command = program
    .command('serve')
    .description("serve the dashboard and the HTTP API for a pipeline's data, also while it runs");
  return addStateAccess(addConnection(addAlerts(addHttp(command)))).action((options: ServeOptions) =>
    serveResults(options, command, makeProgram),
  );
}

async function serveResults(options: ServeOptions, command: Command, makeProgram: MakeProgram): Promise<void> {
  const alerts = alertsOf(options);
  const stop = new AbortController();
  stopOnSignals(stop);
  const connection = await connect(options, { runs: 'reader' }, stop.signal);
  try {
    // Express and its like are loaded by who serves.
    const { serve } = await import('../../api/serve.js');
    const server = await serve({
      ...{ log: connection.log, schemas: connection.schemas, config: DEFAULT_APPLICATION_CONFIG },
      address: options.http,
      directory: httpDirectory(options),
      accessDirectory: accessDirectory(options.rootDir),
      tenant: options.tenant,
      lakeDirectory: lakeDirectory(options),
      version: programVersion(),
      auth: options.auth,
      logsToStderr: levelOfServer(options),
      alerts,
      stateAccess: stateAccessOf(options),
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
