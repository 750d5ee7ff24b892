import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Downloads, defaultCacheDirectory } from '../../stack/downloads.js';
import { freePorts } from '../../stack/ports.js';
import { identityOf, isRunning, processIdentity } from '../../stack/processes.js';
import type { ServiceName } from '../../stack/service.js';
import { SERVICES } from '../../stack/services/services.js';
import { Stack, type StackAddresses, withDependencies } from '../../stack/stack.js';
import { prepareImages, startContainers, whyNoDocker } from './docker-services.js';

/** Real services for a test file, on ports and in directories of their own. */
export interface Services {
  readonly addresses: StackAddresses;
  /** How they reach each other: what a connector is to be given. */
  readonly internalAddresses: StackAddresses;
  /** Ends a service as a crash does. Its port and data are kept for `start`. */
  kill(name: ServiceName): Promise<void>;
  /** Ends a service in order. Its port and data are kept for `start`. */
  stop(name: ServiceName): Promise<void>;
  /** Starts a service that was killed or stopped, and waits until it is ready. */
  start(name: ServiceName): Promise<void>;
  /** Ends all, and deletes their data. */
  close(): Promise<void>;
}

const PREFIX = 'millrace-services-';
const OWNER = 'owner.json';
const STACK = 'stack';

/** A hook that is given up for its time goes on, and what it has started by then is nobody's: the file ends it. */
const unclosed = new Set<() => Promise<void>>();
afterAll(async () => {
  for (const close of unclosed) await close();
});

/** Which way to have the services: containers where a Docker engine answers, otherwise the stack. */
const way = process.env['MILLRACE_TEST_SERVICES'] ?? ((await whyNoDocker()) === undefined ? 'docker' : 'stack');

/**
 * Why the services cannot be had on this machine, for `describe.skipIf`. What is missing is downloaded here, at the top
 * of a test file, where no time limit of a hook applies.
 *
 * @returns undefined when they can be had; otherwise the reason, which is also printed
 * @example
 * const reason = await whyNoServices(['kafka']);
 * describe.skipIf(reason)('the broker', () => {
 *   let services: Services;
 *   beforeAll(async () => { services = await startServices(['kafka']); });
 *   afterAll(() => services?.close());
 * });
 */
export function whyNoServices(names: readonly ServiceName[]): Promise<string | undefined> {
  return way === 'docker' ? whyNot(names, prepareImages) : whyNoStack(names);
}

/** The same for tests of the stack itself, which is to work beside a Docker engine, too. */
export function whyNoStack(names: readonly ServiceName[]): Promise<string | undefined> {
  return whyNot(names, prepareDownloads);
}

async function whyNot(
  names: readonly ServiceName[],
  prepare: (names: readonly ServiceName[]) => Promise<void>,
): Promise<string | undefined> {
  try {
    await prepare(withDependencies(names));
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.warn(`skipped, for ${names.join(', ')} cannot be had here: ${error.message}`);
    return error.message;
  }
}

/** Starts the services, and those that they depend on, and waits until they are ready. */
export async function startServices(names: readonly ServiceName[]): Promise<Services> {
  return way === 'docker' ? startContainers(withDependencies(names)) : startStack(names);
}

async function prepareDownloads(names: readonly ServiceName[]): Promise<void> {
  const downloads = new Downloads(defaultCacheDirectory());
  for (const name of names) await SERVICES[name].download(downloads, () => {});
}

async function startStack(names: readonly ServiceName[]): Promise<Services> {
  await endAbandoned();
  const directory = await ownDirectory();
  const stack = await Stack.open({ directory: join(directory, STACK), ports: await freePorts() });
  const close = async (): Promise<void> => {
    unclosed.delete(close);
    await stack.down();
    await rm(directory, { recursive: true });
  };
  unclosed.add(close);
  try {
    await stack.up(names);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: stack.addresses,
    internalAddresses: stack.addresses,
    kill: (name) => stack.stop(name, 'SIGKILL'),
    stop: (name) => stack.stop(name),
    start: (name) => stack.start(name),
    close,
  };
}

/** Ends the services of test processes that were killed before they could. */
async function endAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const abandoned = join(tmpdir(), name);
    // Another test may be about to write it, or to delete it all.
    const owner = await readFile(join(abandoned, OWNER), 'utf8').catch(() => '');
    if (owner === '' || (await isRunning(processIdentity.parse(JSON.parse(owner))))) continue;
    const directory = await ownDirectory();
    // Of several tests that find it, one can move it.
    const moved = await rename(join(abandoned, STACK), join(directory, STACK)).then(
      () => true,
      () => false,
    );
    if (moved) await (await Stack.open({ directory: join(directory, STACK) })).down();
    await rm(abandoned, { recursive: true, force: true });
    await rm(directory, { recursive: true });
  }
}

/** A temporary directory that says whose it is. */
async function ownDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  const owner = join(directory, OWNER);
  await writeFile(`${owner}.new`, JSON.stringify(await identityOf(process.pid)));
  await rename(`${owner}.new`, owner);
  return directory;
}
