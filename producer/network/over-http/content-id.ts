import { createHash } from 'node:crypto';
import type { DeliveryId } from '../sink.js';

/**
 * What a request is known by when it comes again. A sender that had no answer sends the same bytes once more; and what has
 * the same bytes, with the times that are in them, says nothing new.
 */
export function idOf(path: string, body: Uint8Array): DeliveryId {
  const text = createHash('sha256').update(path).update('\n').update(body).digest('base64url');
  return { text, mayBeRepeated: true };
}
