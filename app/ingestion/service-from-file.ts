import { basename } from 'node:path';

/** Kubernetes' links in /var/log/containers: pod, namespace, container, and the container's id. */
const CONTAINER = /^(?<pod>[^_]+)_(?<namespace>[^_]+)_(?<container>.+)-[\da-f]{64}\.log/;
const ENDINGS =
  /\.(?:log|json|jsonl|ndjson|csv|tsv|txt|out|err|gz|xz|zst|bz2)$|[._-]\d[\d._-]*$|[._-](?:stdout|stderr|error|out|err|access)$/i;
/** Tables are numbered by what they are of, and dated as logs are: `pump-2_2024-03-07.csv.gz` is of `pump-2`. */
const TABLE = /^(?<of>.+?)(?:[._-]\d{4}[\d._-]*)?\.(?:csv|tsv)(?:\.|$)/i;
/** Names that say nothing of a service. */
const NO_SERVICES = new Set([
  '',
  '-',
  'log',
  'logs',
  'output',
  'stdin',
  'messages',
  'syslog',
  'service',
  'services',
  'all',
  'error',
]);

/** The service that a log is of by the file's name: `payment-service` of `payment-service.log.2.gz`. */
export function serviceFromFile(path: string): string | undefined {
  const name = basename(path);
  const container = CONTAINER.exec(name)?.groups?.['container'];
  if (container !== undefined) return container;
  const table = TABLE.exec(name)?.groups?.['of'];
  let plain = table ?? name;
  while (table === undefined && ENDINGS.test(plain)) plain = plain.replace(ENDINGS, '');
  return NO_SERVICES.has(plain.toLowerCase()) ? undefined : plain;
}
