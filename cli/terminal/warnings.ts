import { say } from './output.js';
import { SafeText } from './safe-text.js';

/** Kinds that are for whoever develops the program. */
const OF_DEVELOPERS = ['DeprecationWarning', 'ExperimentalWarning'];

/** What is amiss and stops nothing is said in a line of this program's, not in Node's own form. */
export function sayWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    const text = warningText(warning);
    if (text !== undefined) say(text, 'warn');
  });
}

/** What is said of a warning; undefined when nothing is. */
export function warningText(
  { message, name }: Pick<Error, 'message' | 'name'>,
  environment: NodeJS.ProcessEnv = process.env,
): SafeText | undefined {
  if (OF_DEVELOPERS.includes(name) && !environment['MILLRACE_DEBUG']) return undefined;
  return SafeText.of(`warning: ${message}`);
}
