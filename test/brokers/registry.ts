import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { classArchiveOptions } from '../../stack/class-archive.js';
import { Downloads, defaultCacheDirectory } from '../../stack/downloads.js';
import { HOST } from '../../stack/ports.js';
import { JavaProcess } from './java-process.js';

const READY_WITHIN_MS = 90_000;
const POLL_MS = 200;

/** A schema registry that keeps its schemas in a database of its own, so that what is done to brokers is not done to it. */
export class StandaloneRegistry {
  private constructor(
    readonly url: string,
    readonly process: JavaProcess,
  ) {}

  /** Downloads what is missing; call it at the top of a test file. */
  static async download(): Promise<void> {
    await new Downloads(defaultCacheDirectory()).unpacked('registry');
  }

  static async start(directory: string, port: number): Promise<StandaloneRegistry> {
    const software = await new Downloads(defaultCacheDirectory()).unpacked('registry');
    const jar = (await readdir(software)).find((name) => name.endsWith('-runner.jar'));
    if (jar === undefined) throw new Error(`${software} holds no registry`);
    const own = join(directory, 'registry');
    await mkdir(own);
    const archive = await classArchiveOptions({ libraries: software, service: 'registry' });
    const options = [...archive, '-Xms64m', '-Xmx400m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
    const started = new JavaProcess([...options, '-jar', join(software, jar)], join(own, 'registry.log'), {
      QUARKUS_HTTP_HOST: HOST,
      QUARKUS_HTTP_PORT: `${port}`,
      APICURIO_STORAGE_KIND: 'sql',
      APICURIO_STORAGE_SQL_KIND: 'h2',
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(own, 'schemas')}`,
      APICURIO_CCOMPAT_USE_CANONICAL_HASH: 'true',
      QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
    });
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await answers(`http://${HOST}:${port}/health/ready`))) {
      if (started.hasEnded) throw new Error(`the registry has ended; its log: ${own}`);
      if (performance.now() > deadline) throw new Error(`the registry is not ready; its log: ${own}`);
      await delay(POLL_MS);
    }
    return new StandaloneRegistry(`http://${HOST}:${port}/apis/ccompat/v7`, started);
  }

  async close(): Promise<void> {
    await this.process.end('SIGKILL');
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined);
  return response?.ok ?? false;
}
