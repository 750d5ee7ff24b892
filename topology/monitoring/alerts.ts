import { type KStream, stringSerde } from '@millrace/streams';
import type { Alert } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import type { TopicSerdes } from '../serdes.js';

/**
 * Sends alerts to their topic, keyed by scope: those that are one incident stay in their order.
 *
 * @param source names the nodes
 */
export function sendAlerts<V>(
  source: string,
  stream: KStream<string, V>,
  alertsOf: (value: V) => readonly Alert[],
  { topics }: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
): void {
  stream
    .flatMap((_entity, value) => alertsOf(value).map((alert): [string, Alert] => [alert.scope, alert]), {
      name: `${source}-alerts`,
    })
    .to(topics.alerts, { name: `send-${source}-alerts`, key: stringSerde, value: serdes.alerts });
}
