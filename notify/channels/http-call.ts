import { DeliveryError } from '../delivery-error.js';
import type { Outbound } from '../outbound.js';
import type { Delivery } from './channel.js';

export interface JsonCall {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const MAX_SAID_CHARACTERS = 300;
/** Later is not asked for by anybody in earnest. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Posts JSON, and takes the answer for what it means. @throws DeliveryError unless it is a success */
export async function postJson(
  outbound: Outbound,
  { id }: Pick<Delivery, 'id'>,
  { body, headers = {}, signal, url }: JsonCall,
): Promise<string> {
  const answer = await outbound.post({
    ...{ url, body, signal },
    headers: { 'content-type': 'application/json', 'user-agent': 'millrace', 'idempotency-key': id, ...headers },
  });
  const { status } = answer;
  const said = `${status} ${answer.body.slice(0, MAX_SAID_CHARACTERS)}`.trim();
  if (status >= 200 && status < 300) return said;
  if (status >= 300 && status < 400) {
    throw new DeliveryError(`answered ${status}: redirects are not followed`, { retryable: false });
  }
  throw new DeliveryError(`answered ${said}`, {
    retryable: status >= 500 || status === 408 || status === 425 || status === 429,
    retryAfterMs: retryAfterMs(answer.retryAfter, Date.now()),
    isGone: status === 410,
  });
}

/** Seconds, or a date of HTTP. */
export function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
}
