import type { WriterMetrics } from '../producer/raw-topic-writer.js';
import { count } from './terminal/quantities.js';
import { type SafeText, safe } from './terminal/safe-text.js';

/** How much was written; of what kinds, where there were others than requests, for a number asked for is of requests. */
export function writtenText({ events, readings, serviceLines }: WriterMetrics): SafeText {
  if (readings + serviceLines === 0) return safe`${count(events, 'event')}`;
  const requests = count(events - readings - serviceLines, 'request');
  const lines = count(serviceLines, 'line of services', 'lines of services');
  return safe`${count(events, 'event')} (${requests}, ${lines}, ${count(readings, 'sensor reading')})`;
}
