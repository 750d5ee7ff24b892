import { usualHost } from '../../app/ingestion/host-from-file.js';
import type { LineReading } from '../../app/ingestion/line-reading.js';
import type { NetworkSource, Source } from '../../app/ingestion/source.js';
import type { ClientRule } from '../../producer/client-address.js';
import { ASSET_PATHS } from '../../producer/excluded-paths.js';
import { inputPaths } from '../../producer/input-paths.js';
import { Privacy } from '../../producer/privacy.js';
import type { LineReadingOptions, SourceOptions } from './options.js';
import { UsageError } from './usage-error.js';

/** Where the events come from that a command writes: any number of inputs, or else the simulator. @throws UsageError, ProducerError */
export function sourcesOf(options: SourceOptions): readonly Source[] {
  const network = receives(options) ? networkSourceOf(options) : undefined;
  const { follow = false, hostFromFile, input, maxLineAhead, speed } = options;
  if (input === undefined) return [network ?? simulatedSourceOf(options)];
  return [
    {
      kind: 'files',
      // What is followed may not be there yet.
      inputs: follow ? input : inputPaths(input),
      ...lineReadingOf(options),
      ...{ follow, maxAheadMs: maxLineAhead },
      ...(hostFromFile === undefined ? {} : { hostOf: hostFromFile === true ? usualHost : hostFromFile }),
      ...(speed === undefined ? {} : { speed }),
    },
    ...(network === undefined ? [] : [network]),
  ];
}

/** Whether others send the events, or write them to topics. */
export function receives({ listen = false, mqtt, sourceTopic, syslog }: SourceOptions): boolean {
  return listen || [mqtt, sourceTopic, syslog].some((places) => places !== undefined);
}

/** Whether they go on coming: a topic can be read to its end. */
export function receivesLive({ listen = false, mqtt, syslog }: SourceOptions): boolean {
  return listen || [mqtt, syslog].some((places) => places !== undefined);
}

/** What others send. @throws UsageError */
function networkSourceOf(options: SourceOptions): NetworkSource {
  const { mqtt = [], mqttClientId: clientId, sourceTopic: topics = [], syslog = [] } = options;
  return {
    kind: 'network',
    ...lineReadingOf(options),
    ...{ topics, syslog, mqtt: mqtt.map((place) => ({ ...place, clientId })) },
  };
}

function simulatedSourceOf(options: SourceOptions): Source {
  const { clients, count, countries, disorder, hosts, incidents, logRate, rate, seed, sensorRate } = options;
  return {
    kind: 'simulated',
    ...{ rate, seed, countries, incidents, logRate, sensorRate, disorderMs: disorder },
    ...(count === undefined ? {} : { count }),
    ...(clients === undefined ? {} : { clients }),
    ...(hosts === undefined ? {} : { hosts }),
  };
}

/** How lines are read, wherever they come from. @throws UsageError */
export function lineReadingOf(options: LineReadingOptions): LineReading {
  const { assets, drop, excludePath = [], host, logFormat, map, mask, server, service, timeZone } = options;
  const client = clientRule(options);
  requirePrivacy(options);
  return {
    ...{ format: logFormat, host, server },
    ...(map === undefined ? {} : { map }),
    ...(service === undefined ? {} : { service }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(mask === undefined ? {} : { mask }),
    ...(drop === undefined ? {} : { drop }),
    excludedPaths: [...excludePath, ...(assets ? [] : [ASSET_PATHS])],
    ...(client === undefined ? {} : { client }),
  };
}

/** @throws UsageError for a mask, or a field to leave out, that there is not */
function requirePrivacy({ drop, mask }: LineReadingOptions): void {
  try {
    new Privacy({ drop, mask });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function clientRule({ clientFrom, trustedProxies = [] }: LineReadingOptions): ClientRule | undefined {
  if (clientFrom !== undefined) return { from: clientFrom, trustedProxies };
  if (trustedProxies.length > 0)
    throw new UsageError('--trusted-proxies needs --client-from, the header that they write');
  return undefined;
}
