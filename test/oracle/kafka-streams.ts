import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Downloads, defaultCacheDirectory } from '../../stack/downloads.js';
import { javaArgs, requireJava } from '../../stack/java.js';
import type { KafkaStreamsCase } from './differences.js';
import type { Outputs } from './topology-spec.js';

const SOURCES = fileURLToPath(new URL('./java/millrace/oracle/', import.meta.url));
const OPTIONS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

const run = promisify(execFile);

type Answer = { readonly steps: Outputs } | { readonly error: string };

/** Fetches the jars, at the top of a test file. @returns why they cannot be had, which is also printed */
export async function whyNoKafkaStreams(): Promise<string | undefined> {
  try {
    await requireJava();
    await run('javac', ['-version']);
    await jars();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.warn(`skipped, for Kafka Streams cannot be had here: ${error.message}`);
    return error.message;
  }
}

function jars(): Promise<string> {
  return new Downloads(defaultCacheDirectory(), { poms: new URL('./', import.meta.url) }).jars('kafka-streams');
}

/** Apache Kafka Streams in a JVM of its own, which runs one case after the other. */
export class KafkaStreams {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #directory: string;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  private constructor(process: ChildProcessByStdio<Writable, Readable, null>, directory: string) {
    this.#process = process;
    this.#directory = directory;
    createInterface({ input: process.stdout }).on('line', (line) => this.#waiting.shift()?.(JSON.parse(line)));
    process.on('exit', (code) => {
      for (const answer of this.#waiting.splice(0)) answer({ error: `the JVM ended with ${code}` });
    });
  }

  /** Compiles the program and starts it. */
  static async start(): Promise<KafkaStreams> {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-oracle-'));
    const classes = join(directory, 'classes');
    await mkdir(classes);
    const libraries = await jars();
    const sources = (await readdir(SOURCES)).map((name) => join(SOURCES, name));
    await run('javac', ['--release', '17', '-nowarn', '-cp', join(libraries, '*'), '-d', classes, ...sources]);
    const classPath = [classes, libraries].join(delimiter);
    const args = javaArgs(classPath, 'millrace.oracle.Main', [join(directory, 'state')], OPTIONS);
    return new KafkaStreams(spawn('java', args, { stdio: ['pipe', 'pipe', 'inherit'] }), directory);
  }

  /** @throws Error what Kafka Streams threw */
  async run(asked: KafkaStreamsCase): Promise<Outputs> {
    const answered = new Promise<Answer>((answer) => this.#waiting.push(answer));
    this.#process.stdin.write(`${JSON.stringify(asked)}\n`);
    const answer = await answered;
    if ('error' in answer) throw new Error(`Kafka Streams: ${answer.error}`);
    return answer.steps;
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
