import type { KeepingAggregator, Serde } from '@millrace/streams';
import type { ApplicationConfig } from '../application-config.js';
import { detectionOf, isWithin, type Limit } from '../monitoring/limits.js';
import { Monitor, short } from '../monitoring/monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { type Line, type Lines, partOfService, scopeOfPart } from './service-lines.js';
import { CLOSE_AFTER, monitorLines } from './service-monitor.js';

/** Limits for each client's address at a service, every few seconds. */
export function serviceAddresses(lines: Lines, config: ApplicationConfig, serdes: TopicSerdes<'alerts'>): void {
  const { addresses } = config.services;
  const limits = limitsOf(addresses);
  monitorLines(
    lines.filter((_key, { ip }) => ip !== null, { name: 'lines-of-addresses' }),
    {
      windows: 'addresses',
      monitor: 'address-monitor',
      size: addresses.size,
      entity: ({ ip, service }) => partOfService(service, ip),
      aggregator: OF_ADDRESS,
      serde: requestCountsSerde,
      judge: new Monitor('service', limits.map(detectionOf)),
      isWithinLimits: (counts) => isWithin(limits, counts),
      scope: scopeOfPart,
      watchesClock: config.watchesClock,
    },
    config,
    serdes,
  );
}

function limitsOf({
  clientErrors,
  requests,
}: ApplicationConfig['services']['addresses']): readonly Limit<RequestCounts>[] {
  return [
    {
      name: 'ABUSIVE_ADDRESS',
      limit: requests,
      closeAfter: CLOSE_AFTER,
      value: ({ count }) => count,
      severity: 'warning',
      field: 'ip',
      explain: (count) => `${short(count)} requests`,
    },
    {
      name: 'CLIENT_ERROR_SCAN',
      limit: clientErrors,
      closeAfter: CLOSE_AFTER,
      value: (counts) => counts.clientErrors,
      severity: 'warning',
      field: 'status',
      explain: (errors, { count }) => `${short(errors)} of ${short(count)} requests had a status of 400 to 499`,
    },
  ];
}

interface RequestCounts {
  count: number;
  /** Of status 400 to 499. */
  clientErrors: number;
}

/** The window's counts grow where they are; a merge makes new ones. */
const OF_ADDRESS: KeepingAggregator<string, Line, RequestCounts> = {
  initializer: () => ({ count: 0, clientErrors: 0 }),
  add: (_address, { status }, counts) => {
    counts.count++;
    if (status !== null && status >= 400 && status <= 499) counts.clientErrors++;
    return counts;
  },
  merge: (left, right) => ({
    count: left.count + right.count,
    clientErrors: left.clientErrors + right.clientErrors,
  }),
};

/** What is serialized is taken before the next is. */
const counts = Buffer.alloc(8);

const requestCountsSerde: Serde<RequestCounts> = {
  serialize(_topic, { clientErrors, count }) {
    counts.writeUInt32BE(clientErrors, counts.writeUInt32BE(count, 0));
    return counts;
  },
  deserialize(_topic, serialized, start) {
    return { count: serialized.readUInt32BE(start), clientErrors: serialized.readUInt32BE(start + 4) };
  },
};
