import { usualHost } from '../../app/ingestion/host-from-file.js';
import type { Source } from '../../app/ingestion/source.js';
import type { ClientRule } from '../../producer/client-address.js';
import { ASSET_PATHS } from '../../producer/excluded-paths.js';
import type { SourceOptions } from './options.js';
import { UsageError } from './usage-error.js';

/** Where the events come from that a command writes. @throws UsageError */
export function sourceOf(options: SourceOptions): Source {
  if (options.input === undefined) {
    const { clients, count, countries, disorder, hosts, incidents, logRate, rate, seed, sensorRate } = options;
    return {
      kind: 'simulated',
      ...{ rate, seed, countries, incidents, logRate, sensorRate, disorderMs: disorder },
      ...(count === undefined ? {} : { count }),
      ...(clients === undefined ? {} : { clients }),
      ...(hosts === undefined ? {} : { hosts }),
    };
  }
  const { assets, excludePath = [], follow = false, host, hostFromFile, input, logFormat, maxLineAhead } = options;
  const client = clientRule(options);
  return {
    kind: 'files',
    inputs: input,
    format: logFormat,
    ...{ host, server: options.server, follow, maxAheadMs: maxLineAhead },
    excludedPaths: [...excludePath, ...(assets ? [] : [ASSET_PATHS])],
    ...(client === undefined ? {} : { client }),
    ...(hostFromFile === undefined ? {} : { hostOf: hostFromFile === true ? usualHost : hostFromFile }),
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  };
}

function clientRule({ clientFrom, trustedProxies = [] }: SourceOptions): ClientRule | undefined {
  if (clientFrom !== undefined) return { from: clientFrom, trustedProxies };
  if (trustedProxies.length > 0)
    throw new UsageError('--trusted-proxies needs --client-from, the header that they write');
  return undefined;
}
