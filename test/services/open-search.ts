import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Downloads, defaultCacheDirectory } from '../../stack/downloads.js';
import { answers } from '../../stack/http.js';
import { javaArgs } from '../../stack/java.js';
import { freePorts, HOST } from '../../stack/ports.js';
import { JavaProcess } from '../brokers/java-process.js';
import { until } from '../until.js';

const MIN_JAVA = 21;
const READY_WITHIN_MS = 240_000;
const POMS = new URL('./poms/', import.meta.url);
/** Where Linux distributions put Java. */
const JAVAS = '/usr/lib/jvm';

const run = promisify(execFile);
const downloads = () => new Downloads(defaultCacheDirectory(), { poms: POMS });

/** A real node of OpenSearch, for a test file. */
export class OpenSearch {
  private constructor(
    readonly url: string,
    readonly process: JavaProcess,
  ) {}

  /** Why it cannot be had on this machine, which is printed; downloads it, so call it at the top of a test file. */
  static async whyNot(): Promise<string | undefined> {
    try {
      await java();
      await downloads().jars('opensearch');
      return undefined;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      console.warn(`skipped, for OpenSearch cannot be had here: ${error.message}`);
      return error.message;
    }
  }

  static async start(directory: string): Promise<OpenSearch> {
    const jars = await downloads().jars('opensearch');
    const { elasticsearch: port } = await freePorts();
    const settings = ['-basePath', directory, '-numOfNode', '1', '-clusterName', 'millrace'];
    // Its first node takes the port after this one.
    const args = javaArgs(
      jars,
      'org.codelibs.opensearch.runner.OpenSearchRunner',
      [...settings, '-baseHttpPort', `${port - 1}`],
      ['-Xms512m', '-Xmx1g'],
    );
    const path = `${dirname(await java())}:${process.env['PATH'] ?? ''}`;
    const started = new JavaProcess(args, join(directory, 'opensearch.log'), { PATH: path });
    const url = `http://${HOST}:${port}`;
    await until(
      async () => {
        if (started.hasEnded) throw new Error(`OpenSearch has ended; its log: ${directory}`);
        return answers(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`);
      },
      { patienceMs: READY_WITHIN_MS },
    );
    return new OpenSearch(url, started);
  }

  close(): Promise<void> {
    return this.process.end('SIGTERM');
  }
}

/** A Java that it runs on: of the PATH, or another that is installed. */
async function java(): Promise<string> {
  const installed = await readdir(JAVAS).catch(() => []);
  for (const program of ['java', ...installed.map((name) => join(JAVAS, name, 'bin/java'))]) {
    const said = await saidBy(program);
    const version = /java\.specification\.version = (\d+)/.exec(said)?.[1];
    const home = /java\.home = (.*)/.exec(said)?.[1];
    if (home !== undefined && Number(version) >= MIN_JAVA) return join(home, 'bin/java');
  }
  throw new Error(`there is no Java ${MIN_JAVA} or newer`);
}

/** Empty where there is no such program; a file in the place of a directory makes `run` throw at once. */
async function saidBy(program: string): Promise<string> {
  try {
    return (await run(program, ['-XshowSettings:properties', '-version'])).stderr;
  } catch {
    return '';
  }
}
