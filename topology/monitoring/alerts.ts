import { jsonSerde, type KStream, stringSerde } from '@millrace/streams';
import type { AlertEpisode } from '../../schemas/feedback.js';
import type { Alert } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { familyOf } from '../incidents/hosts-together.js';
import type { TopicSerdes } from '../serdes.js';

/**
 * Sends alerts to their topic, keyed by what they may be one incident with: those stay in their order.
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
    .flatMap((_entity, value) => alertsOf(value).map((alert): [string, Alert] => [keyOf(alert), alert]), {
      name: `${source}-alerts`,
    })
    .to(topics.alerts, { name: `send-${source}-alerts`, key: stringSerde, value: serdes.alerts });
}

/** What older versions have opened says nothing of hosts: it ends where it was opened. */
function keyOf({ hosts, scope }: Alert): string {
  return hosts === undefined ? scope : familyOf(scope);
}

const episodeSerde = jsonSerde<AlertEpisode>();

/**
 * Sends how far alerts went, and which were not told, keyed by alert.
 *
 * @param source names the nodes
 */
export function sendEpisodes<V>(
  source: string,
  stream: KStream<string, V>,
  episodesOf: (value: V) => readonly AlertEpisode[] | undefined,
  { topics }: ApplicationConfig,
): void {
  stream
    .flatMap(
      (_entity, value) => episodesOf(value)?.map((one): [string, AlertEpisode] => [one.alert.id, one]) ?? NO_EPISODES,
      { name: `${source}-episodes` },
    )
    .to(topics.alertEpisodes, { name: `send-${source}-episodes`, key: stringSerde, value: episodeSerde });
}

const NO_EPISODES: readonly [string, AlertEpisode][] = [];
