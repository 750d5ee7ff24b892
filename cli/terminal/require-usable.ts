import { ProducerError } from '../../producer/producer-error.js';
import type { WriterMetrics } from '../../producer/raw-topic-writer.js';

/**
 * @throws ProducerError NOTHING_USABLE when there were lines, and none of them was an event; INPUT_DAMAGED when a part of the
 *   input could not be read
 */
export function requireUsable({ damage, events, refused }: WriterMetrics): void {
  if (events === 0 && refused.total > 0) {
    throw new ProducerError('NOTHING_USABLE', 'no line of the input could be used; the reasons are above');
  }
  if (damage.length === 0) return;
  throw new ProducerError(
    'INPUT_DAMAGED',
    damage.length === 1
      ? 'a part of the input could not be read, as told above; what could be read is counted'
      : `parts of ${damage.length} inputs could not be read, as told above; what could be read is counted`,
  );
}
