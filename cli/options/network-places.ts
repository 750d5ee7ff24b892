import { InvalidArgumentError } from 'commander';
import type { TopicPlace } from '../../app/ingestion/read-topics.js';
import type { MqttPlace, SyslogPlace } from '../../app/ingestion/receive-messages.js';

const SYSLOG_PORT = 514;

/** `web-logs`, or `web-logs:json`; a format may have colons of its own. */
export function sourceTopic(text: string, others: readonly TopicPlace[] = []): readonly TopicPlace[] {
  const [, topic, format = 'auto'] = /^([\w.-]{1,249})(?::(.+))?$/s.exec(text) ?? [];
  if (topic === undefined) throw new InvalidArgumentError('It must be a topic, or topic:format.');
  return [...others.filter((other) => other.topic !== topic), { topic, format }];
}

export function syslogPlace(text: string, others: readonly SyslogPlace[] = []): readonly SyslogPlace[] {
  const [, protocol, bracketed, plain, digits] =
    /^(udp|tcp):\/\/(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  const port = digits === undefined ? SYSLOG_PORT : Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port > 65_535 || (protocol !== 'udp' && protocol !== 'tcp')) {
    throw new InvalidArgumentError('It must be udp://host:port or tcp://host:port, such as udp://127.0.0.1:5514.');
  }
  return [...others, { protocol, host, port }];
}

type Subscription = Omit<MqttPlace, 'clientId'>;

/** What stands behind the host is the filter of topics, in which # and + are no special characters of URLs. */
export function mqttPlace(text: string, others: readonly Subscription[] = []): readonly Subscription[] {
  const [, url, filter] = /^((?:mqtts?|wss?):\/\/[^/\s]+)\/(\S+)$/.exec(text) ?? [];
  if (url === undefined || filter === undefined) {
    throw new InvalidArgumentError('It must be mqtt://host:port/topics, such as mqtt://127.0.0.1:1883/sensors/#.');
  }
  return [...others, { url, filter }];
}
