import { KafkaClientError } from '../../app/log/kafka-client.js';
import { APP_FAILURES } from '../../app/pipeline/worker-failure.js';
import { ConnectorError } from '../../connectors/connector-error.js';
import { StackError } from '../../stack/stack-error.js';
import { DemoError } from '../commands/demo-error.js';
import { ConfigurationError } from '../configuration/configuration-error.js';
import { UsageError } from '../options/usage-error.js';
import { diskTrouble } from './disk-trouble.js';
import { SafeText, safe } from './safe-text.js';

/** Failures that a user can act upon: their message is all there is to say. */
const EXPECTED = [...APP_FAILURES, ConnectorError, DemoError, StackError, UsageError];

const IN_LINES = [ConfigurationError, ConnectorError, KafkaClientError, StackError];

/**
 * What is said of a failure: a line that tells what to do. Of what nobody has foreseen the stack trace is printed where
 * MILLRACE_DEBUG is set.
 */
export function failureText(error: unknown, environment: NodeJS.ProcessEnv = process.env): SafeText {
  if (!(error instanceof Error)) return unforeseen(String(error));
  const isExpected = EXPECTED.some((kind) => error instanceof kind);
  if (environment['MILLRACE_DEBUG'] && !(error instanceof UsageError)) return SafeText.lines(traceOf(error));
  const trouble = diskTrouble(error);
  if (trouble !== undefined) return SafeText.of(trouble);
  // Each of several failures, and the last lines of a service's log or a build, stand in a line of their own.
  if (IN_LINES.some((kind) => error instanceof kind)) return SafeText.lines(error.message);
  return isExpected ? SafeText.of(error.message) : unforeseen(error.message || error.name);
}

function unforeseen(message: string): SafeText {
  const [first = ''] = message.split('\n', 1);
  return safe`unexpected error: ${first} (MILLRACE_DEBUG=1 shows where; what is committed is safe, and a start goes on from it)`;
}

function traceOf(error: Error): string {
  const trace = error.stack ?? error.message;
  return error.cause instanceof Error ? `${trace}\ncaused by ${traceOf(error.cause)}` : trace;
}
