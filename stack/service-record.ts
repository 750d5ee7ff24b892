import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { stackPorts } from './ports.js';
import { processIdentity } from './processes.js';
import { StackError } from './stack-error.js';

const FILE = 'service.json';

const serviceRecord = z.object({
  /** The ports that it was last started with. */
  ports: stackPorts.partial(),
  /** Absent when it was stopped. */
  process: processIdentity.optional(),
  /** Where the archive of its classes belongs that it makes when it ends in order. */
  classArchive: z.string().optional(),
});

/** What the stack remembers of a service, in the service's directory. */
export type ServiceRecord = z.infer<typeof serviceRecord>;

/** @returns undefined when the service was never started here @throws StackError STATE_UNREADABLE */
export async function readServiceRecord(directory: string): Promise<ServiceRecord | undefined> {
  const path = join(directory, FILE);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw new StackError('STATE_UNREADABLE', `${path} cannot be read: ${cause.message}`, { cause });
  });
  if (text === undefined) return undefined;
  try {
    return serviceRecord.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError(
      'STATE_UNREADABLE',
      `${path} is not what the stack has written; stop what runs and delete it`,
      {
        cause,
      },
    );
  }
}

export async function writeServiceRecord(directory: string, record: ServiceRecord): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}
