import { TextFile } from '../../producer/text-file.js';
import { FirstLines } from './first-lines.js';
import { inspectText } from './inspect-text.js';
import { Findings, type Inspection, type InspectOptions } from './inspection.js';
import { serviceFromFile } from './service-from-file.js';

const HEAD_BYTES = 256 * 1024;

/**
 * Reads a file, or standard input, as `start` would, and writes nothing.
 *
 * @param mostLines how many lines are looked at
 * @throws ProducerError for a file that cannot be read
 */
export async function inspectFile(
  path: string,
  options: InspectOptions,
  mostLines: number,
  signal: AbortSignal,
): Promise<Inspection> {
  const first = new FirstLines();
  const firstLines = async () => {
    if (path !== '-') first.add(await headOf(path));
    return first.lines;
  };
  return inspectText(
    {
      ...{ input: path, findings: new Findings(), mostLines, firstLines, serviceOf: serviceFromFile },
      ...(path === '-' ? { onText: (piece: Buffer) => first.add(piece) } : {}),
    },
    options,
    signal,
  );
}

async function headOf(path: string): Promise<Buffer> {
  const file = await TextFile.open(path);
  try {
    return await file.head(HEAD_BYTES);
  } finally {
    await file.close();
  }
}
