import type { WriterMetrics } from '../../producer/raw-topic-writer.js';
import { count } from './quantities.js';
import { type SafeText, safe } from './safe-text.js';

/** How much was written; of what kinds, where there were others than requests, for a number asked for is of requests. */
export function writtenText({ events, readings, serviceLines }: WriterMetrics): SafeText {
  if (readings + serviceLines === 0) return safe`${count(events, 'event')}`;
  const kinds = [
    [events - readings - serviceLines, 'request', 'requests'],
    [serviceLines, 'line of services', 'lines of services'],
    [readings, 'sensor reading', 'sensor readings'],
  ] as const;
  const written = kinds.filter(([number]) => number > 0).map(([number, one, many]) => count(number, one, many));
  return safe`${count(events, 'event')} (${written.join(', ')})`;
}

/** How many requests were left out because of what they asked for. */
export function excludedText(excluded: number): SafeText[] {
  return excluded === 0 ? [] : [safe`${count(excluded, 'request')} left out for their paths`];
}
