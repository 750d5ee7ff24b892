import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { exclusive } from './exclusive.js';
import { StackError } from './stack-error.js';

/** By its full name, for a look-up of the short one fails with a riddle when no repository can be reached. */
const MAVEN_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin';
const OUTPUT_BYTES = 16 * 1024 * 1024;
const PARTIAL = '.partial-';

/** Where downloads are kept: MILLRACE_CACHE_DIR, or `.cache/millrace` in the user's directory. */
export function defaultCacheDirectory(): string {
  return (
    process.env['MILLRACE_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace')
  );
}

export interface DownloadsOptions {
  /** Breaks a download off. */
  readonly signal?: AbortSignal | undefined;
  /** The directory of the poms, with a slash at its end. Default: the stack's own. */
  readonly poms?: URL | undefined;
}

const STACK_POMS = new URL('./poms/', import.meta.url);

/** Told before a download, for it takes its time. What is in the cache is taken without a word. */
type OnDownload = () => void;

/**
 * What the services run from, downloaded once and kept in a directory of its own each. One is either there completely
 * or not at all, and two processes never download at once: Maven's own repository does not bear it.
 */
export class Downloads {
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
  readonly #poms: URL;

  constructor(directory: string, { signal, poms = STACK_POMS }: DownloadsOptions = {}) {
    this.directory = resolve(directory);
    this.signal = signal;
    this.#poms = poms;
  }

  /** The jars that the pom `<name>.xml` depends on. @returns their directory @throws StackError */
  jars(name: string, onDownload?: OnDownload): Promise<string> {
    return this.#maven(name, 'copy-dependencies', onDownload);
  }

  /** What is in the archive that the pom `<name>.xml` names. @returns its directory @throws StackError */
  unpacked(name: string, onDownload?: OnDownload): Promise<string> {
    return this.#maven(name, 'unpack', onDownload);
  }

  /**
   * A Python package and all that it depends on, without installing it.
   *
   * @returns their directory, for PYTHONPATH
   * @throws StackError
   */
  pythonPackage(name: string, version: string, onDownload?: OnDownload): Promise<string> {
    return this.#once(`${name}-${version}`, onDownload, async (directory) => {
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', directory];
      await this.#run('python3', [...install, `${name}==${version}`], directory, name);
    });
  }

  /** The files of a Debian package, without installing it. @returns their root directory @throws StackError */
  debianPackage(name: string, onDownload?: OnDownload): Promise<string> {
    return this.#once(name, onDownload, async (directory) => {
      await this.#run('apt-get', ['download', name], directory, name);
      const file = (await readdir(directory)).find((entry) => entry.endsWith('.deb'));
      if (file === undefined) throw new StackError('DOWNLOAD_FAILED', `apt-get downloaded no package ${name}`);
      await this.#run('dpkg', ['-x', file, '.'], directory, name);
      await rm(join(directory, file));
    });
  }

  async #maven(name: string, goal: 'copy-dependencies' | 'unpack', onDownload?: OnDownload): Promise<string> {
    const pom = await readFile(new URL(`${name}.xml`, this.#poms));
    const hash = createHash('sha256').update(pom).digest('hex').slice(0, 12);
    return this.#once(`${name}-${hash}`, onDownload, async (directory) => {
      // Maven writes beside the pom that it is given, and ours may be in a place that is not the user's.
      await writeFile(join(directory, 'pom.xml'), pom);
      const options = ['-DincludeScope=runtime', `-DoutputDirectory=${directory}`];
      await this.#run('mvn', ['-B', '-q', `${MAVEN_PLUGIN}:${goal}`, ...options], directory, name);
      for (const made of ['pom.xml', 'target']) await rm(join(directory, made), { recursive: true, force: true });
    });
  }

  async #once(
    name: string,
    onDownload: OnDownload | undefined,
    fill: (directory: string) => Promise<void>,
  ): Promise<string> {
    const directory = join(this.directory, name);
    if (await exists(directory)) return directory;
    onDownload?.();
    return exclusive(this.directory, { signal: this.signal }, async () => {
      if (await exists(directory)) return directory;
      await this.#removePartial();
      const partial = await mkdtemp(join(this.directory, `${name}${PARTIAL}`));
      try {
        await fill(partial);
        await rename(partial, directory);
      } catch (error) {
        await rm(partial, { recursive: true, force: true });
        throw error;
      }
      return directory;
    });
  }

  /** Deletes what a process left that was killed while it downloaded. */
  async #removePartial(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    for (const name of await readdir(this.directory)) {
      if (name.includes(PARTIAL)) await rm(join(this.directory, name), { recursive: true, force: true });
    }
  }

  #run(program: string, args: readonly string[], cwd: string, what: string): Promise<void> {
    const { signal } = this;
    return new Promise((done, fail) => {
      execFile(program, args, { cwd, signal, maxBuffer: OUTPUT_BYTES }, (cause, stdout, stderr) => {
        if (cause === null) return done();
        if (signal?.aborted) return fail(new StackError('INTERRUPTED', `the download of ${what} was interrupted`));
        if (cause.code === 'ENOENT') {
          return fail(
            new StackError('PROGRAM_MISSING', `"${program}" is needed for downloads, and is not on the PATH`, {
              cause,
            }),
          );
        }
        const said = complaint(`${stdout}\n${stderr}`);
        fail(new StackError('DOWNLOAD_FAILED', `${what} could not be downloaded: ${program} says: ${said}`, { cause }));
      });
    });
  }
}

/** What a failed program said that tells why: its first error. */
function complaint(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const error = lines.find((line) => /^(\[ERROR\]|E:|dpkg)/.test(line)) ?? lines[0] ?? 'nothing';
  return error.replace('[ERROR] ', '').replace(/ -> \[Help \d+\]$/, '');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
