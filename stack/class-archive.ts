import { createHash } from 'node:crypto';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { javaVersion } from './java.js';
import type { Launch } from './processes.js';

/** In the directory of a service: what it has written at its end. */
const MADE = 'classes.jsa';

/** Whose classes. */
export interface ClassArchiveOwner {
  /** The directory of its jars; the archive is beside it. */
  readonly libraries: string;
  readonly service: string;
}

/**
 * Java's options for a start with the service's classes read and verified beforehand, which takes half the processor time
 * (https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html). Java ignores an archive that does not fit, with a warning.
 *
 * @returns none as long as there is no archive
 */
export async function classArchiveOptions(owner: ClassArchiveOwner): Promise<readonly string[]> {
  const archive = await archiveOf(owner);
  return (await exists(archive)) ? [`-XX:SharedArchiveFile=${archive}`] : [];
}

/** A start with the archive or, as long as there is none, one that makes it when the service ends in order; see `keepClassArchive`. */
export async function withClassArchive(launch: Launch, owner: ClassArchiveOwner, directory: string): Promise<Launch> {
  const options = await classArchiveOptions(owner);
  if (options.length > 0) return { ...launch, args: [...options, ...launch.args] };
  // Without the names of hundreds of classes that are too old for it.
  const making = [`-XX:ArchiveClassesAtExit=${join(directory, MADE)}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'];
  return { ...launch, args: [...making, ...launch.args], classArchive: await archiveOf(owner) };
}

/** Puts what a service has made at its end where the next one looks, at a stroke. What cannot be written there is not kept. */
export async function keepClassArchive(directory: string, archive: string): Promise<void> {
  const made = join(directory, MADE);
  if (!(await exists(made))) return;
  const partial = `${archive}.partial-${process.pid}`;
  try {
    // The two may be on different disks.
    await copyFile(made, partial);
    await rename(partial, archive);
  } catch {
    await rm(partial, { force: true });
  }
  await rm(made, { force: true });
}

/** Another Java makes another. What it says beyond its version and its build is how it runs now. */
async function archiveOf({ libraries, service }: ClassArchiveOwner): Promise<string> {
  const [version, build] = (await javaVersion())?.split('\n') ?? [];
  const java = createHash('sha256').update(`${version}\n${build}`).digest('hex').slice(0, 12);
  return `${libraries}-${service}-${java}.jsa`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
