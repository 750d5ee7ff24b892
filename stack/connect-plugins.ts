import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Downloads, type DownloadsOptions } from './downloads.js';
import { exclusive } from './exclusive.js';
import { StackError } from './stack-error.js';

const SOURCES = fileURLToPath(new URL('./java/', import.meta.url));
const PARTIAL = '.partial-';
const JAVA_RELEASE = '17';
const SHOWN_LINES = 5;

/** What of the archive is Confluent's Avro converter, and what it needs that a worker does not have. */
const CONVERTER_PACKAGES = [
  'io/confluent',
  'org/apache/avro',
  'org/apache/commons/compress',
  'com/fasterxml/jackson',
  'com/google/common',
  'com/google/re2j',
  'com/google/thirdparty',
  'com/eclipsesource',
  'io/swagger',
  'META-INF/maven/io.confluent',
];

/** What each jar tells a worker that finds plugins by `plugin.discovery=service_load`, the quick way. */
const CONVERTER_SERVICES = {
  'org.apache.kafka.connect.storage.Converter': ['io.confluent.connect.avro.AvroConverter'],
};
const SINK_SERVICES = {
  'org.apache.kafka.connect.sink.SinkConnector': [
    'millrace.connect.ElasticsearchSinkConnector',
    'millrace.connect.InfluxSinkConnector',
  ],
  'org.apache.kafka.connect.storage.Converter': ['millrace.connect.RetryingAvroConverter'],
};

type Services = Readonly<Record<string, readonly string[]>>;

export interface ConnectPluginsOptions extends DownloadsOptions {
  /** Told before something is downloaded or built, for that takes its time. */
  readonly onPrepare?: (() => void) | undefined;
}

/**
 * Makes the directory for a Connect worker's `plugin.path`: Confluent's Avro converter, and the sinks of `java/`, which
 * are compiled here. Once made it is kept, until a source changes. A directory is either there completely or not at all.
 *
 * @returns the directory
 * @throws StackError PROGRAM_MISSING without Maven or a JDK, DOWNLOAD_FAILED
 */
export async function prepareConnectPlugins(
  cacheDirectory: string,
  options: ConnectPluginsOptions = {},
): Promise<string> {
  const downloads = new Downloads(cacheDirectory, options);
  const archives = await downloads.jars('connect-avro-converter', options.onPrepare);
  const worker = await downloads.jars('kafka', options.onPrepare);
  const sources = await javaSources();
  const plugins = join(downloads.directory, 'connect-plugins');
  const directory = join(plugins, await fingerprint([archives, worker, ...CONVERTER_PACKAGES], sources));
  if (await exists(directory)) return directory;
  return exclusive(plugins, { signal: options.signal }, async () => {
    if (await exists(directory)) return directory;
    options.onPrepare?.();
    await removePartial(plugins);
    const partial = await mkdtemp(`${directory}${PARTIAL}`);
    try {
      await build({ partial, archives, worker, sources, signal: options.signal });
      await rename(join(partial, 'path'), directory);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return directory;
  });
}

interface Parts {
  readonly partial: string;
  readonly archives: string;
  readonly worker: string;
  readonly sources: readonly string[];
  readonly signal: AbortSignal | undefined;
}

async function build({ archives, partial, signal, sources, worker }: Parts): Promise<void> {
  // One plugin, for the retrying converter is made of the other, and each plugin has a class loader of its own.
  const plugin = join(partial, 'path', 'millrace');
  const converterClasses = join(partial, 'converter');
  const sinkClasses = join(partial, 'sinks');
  for (const directory of [plugin, converterClasses, sinkClasses]) await mkdir(directory, { recursive: true });
  const converter = join(plugin, 'avro-converter.jar');

  for (const archive of await readdir(archives)) {
    const extract = ['--extract', '--file', join(archives, archive), ...CONVERTER_PACKAGES];
    await run('jar', extract, converterClasses, signal);
  }
  await writeServices(converterClasses, CONVERTER_SERVICES);
  await run('jar', ['--create', '--file', converter, '-C', converterClasses, '.'], partial, signal);

  const classPath = [join(worker, '*'), converter].join(delimiter);
  const compile = ['--release', JAVA_RELEASE, '-proc:none', '-nowarn', '-cp', classPath, '-d', sinkClasses, ...sources];
  await run('javac', compile, partial, signal);
  await writeServices(sinkClasses, SINK_SERVICES);
  await run(
    'jar',
    ['--create', '--file', join(plugin, 'millrace-connect.jar'), '-C', sinkClasses, '.'],
    partial,
    signal,
  );
}

async function writeServices(classes: string, services: Services): Promise<void> {
  const directory = join(classes, 'META-INF', 'services');
  await mkdir(directory, { recursive: true });
  for (const [service, names] of Object.entries(services)) {
    await writeFile(join(directory, service), `${names.join('\n')}\n`);
  }
}

async function javaSources(): Promise<string[]> {
  const names = await readdir(SOURCES, { recursive: true });
  return names
    .filter((name) => name.endsWith('.java'))
    .sort()
    .map((name) => join(SOURCES, name));
}

async function fingerprint(texts: readonly string[], files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([texts, CONVERTER_SERVICES, SINK_SERVICES]));
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 12);
}

/** Deletes what a process left that was killed while it built. */
async function removePartial(plugins: string): Promise<void> {
  for (const name of await readdir(plugins)) {
    if (name.includes(PARTIAL)) await rm(join(plugins, name), { recursive: true, force: true });
  }
}

function run(program: 'jar' | 'javac', args: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    execFile(program, args, { cwd, ...(signal === undefined ? {} : { signal }) }, (cause, stdout, stderr) => {
      if (cause === null) return done();
      if (signal?.aborted) return fail(new StackError('INTERRUPTED', 'building the Connect plugins was interrupted'));
      if (cause.code === 'ENOENT') {
        const needed = `"${program}" is needed to build the Connect plugins, and is not on the PATH`;
        const advice = `install a JDK of version ${JAVA_RELEASE} or newer: a JRE does not have it`;
        return fail(new StackError('PROGRAM_MISSING', `${needed}: ${advice}`, { cause }));
      }
      const said = `${stderr}\n${stdout}`.trim().split('\n').slice(0, SHOWN_LINES).join('\n');
      fail(
        new StackError('DOWNLOAD_FAILED', `the Connect plugins could not be built: ${program} says: ${said}`, {
          cause,
        }),
      );
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
