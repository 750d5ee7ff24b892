import { RemoteText, type RemoteTextOptions } from '../../producer/remote/remote-text.js';
import { shownUrl } from '../../producer/remote/shown-url.js';
import { FirstLines } from './first-lines.js';
import { inspectText } from './inspect-text.js';
import { Findings, type Inspection, type InspectOptions } from './inspection.js';
import { serviceFromFile } from './service-from-file.js';

export interface InspectedUrl extends Omit<RemoteTextOptions, 'onWarning' | 'signal'> {
  /** How many lines are looked at. */
  readonly mostLines: number;
}

/**
 * Gets a URL, and reads what it answers with as `start --input -` would. An answer without end is read for a while.
 *
 * @throws ProducerError SOURCE_UNREACHABLE, SOURCE_ANSWER
 */
export async function inspectUrl(
  { mostLines, ...call }: InspectedUrl,
  options: InspectOptions,
  signal: AbortSignal,
): Promise<Inspection> {
  const findings = new Findings();
  const first = new FirstLines();
  const text = await RemoteText.open({ ...call, signal, onWarning: (message) => findings.warnings.push(message) });
  return inspectText(
    {
      ...{ findings, mostLines },
      input: { name: shownUrl(call.url), open: async () => text.stream() },
      onText: (piece) => first.add(piece),
      serviceOf: () => serviceFromFile(new URL(call.url).pathname),
      firstLines: async () => first.lines,
      isCut: () => text.isCut,
    },
    options,
    signal,
  );
}
