import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MqttSource } from '../../producer/network/mqtt.js';
import { lineOfMessage } from '../../producer/network/mqtt-line.js';
import type { Credentials } from '../../producer/remote/credentials.js';
import { shownUrl } from '../../producer/remote/shown-url.js';
import { GUESSED_LINES } from './format-guesses.js';
import { Findings, type Inspection, type InspectOptions } from './inspection.js';
import { eventIntakeFor } from './line-reading.js';

export interface InspectedSubscription {
  readonly url: string;
  readonly filter: string;
  readonly credentials?: Credentials | undefined;
  /** How many messages are looked at, and for how long, in milliseconds. */
  readonly mostMessages: number;
  readonly mostMs: number;
}

/**
 * Reads what a broker sends for a while as `start --mqtt` would; the broker keeps nothing for it, and others get their
 * messages as before.
 *
 * @throws ProducerError SOURCE_UNREACHABLE
 */
export async function inspectMqtt(
  { credentials, filter, mostMessages, mostMs, url }: InspectedSubscription,
  options: InspectOptions,
  signal: AbortSignal,
): Promise<Inspection> {
  const findings = new Findings();
  const intake = eventIntakeFor(
    { ...options, excludedPaths: [] },
    {
      name: `${shownUrl(url)}/${filter}`,
      onDecision: (message) => findings.decisions.push(message),
      onWarning: (message) => findings.warnings.push(message),
    },
  );
  const first: string[] = [];
  const enough = new AbortController();
  let messages = 0;
  let failure: Error | undefined;
  const source = await MqttSource.connect({
    ...{ url, credentials, filters: [filter], clientId: `millrace-inspect-${randomUUID()}`, isPassing: true },
    take: async ({ payload, topic }) => {
      if (messages >= mostMessages) return;
      messages++;
      const line = lineOfMessage(topic, payload, Date.now());
      if (first.length < GUESSED_LINES) first.push(line);
      intake.addLine(line, `mqtt ${topic}`);
      findings.add(intake.take());
      if (messages >= mostMessages) enough.abort();
    },
    room: async () => {},
    onNotice: (message) => findings.warnings.push(message),
    onFailure: (error) => {
      failure = error;
      enough.abort();
    },
  });
  try {
    await delay(mostMs, undefined, { signal: AbortSignal.any([signal, enough.signal]) }).catch(() => {});
  } finally {
    await source.close();
  }
  if (failure !== undefined) throw failure;
  if (messages === 0) findings.warnings.push(`nothing came within ${mostMs / 1000} s`);
  return findings.inspection(first, options, messages >= mostMessages);
}
