import { type Command, Option } from 'commander';
import type { ElasticsearchAddress } from '../../api/serve.js';
import { httpUrl } from './http-url.js';
import { UsageError } from './usage-error.js';

export interface ElasticsearchOptions {
  readonly elasticsearch?: string;
  readonly elasticsearchApiKey?: string;
}

/** `--elasticsearch`: where the lines are searched that sinks have copied there. */
export function addElasticsearch(command: Command): Command {
  return command
    .option(
      '--elasticsearch <url>',
      'search lines that are no longer in memory in this Elasticsearch or OpenSearch, to which the connectors copy ' +
        'them; user:password@ in the URL, or --elasticsearch-api-key',
      httpUrl,
    )
    .addOption(new Option('--elasticsearch-api-key <key>', 'API key of this Elasticsearch, in its encoded form'));
}

/** @throws UsageError */
export function elasticsearchOf({
  elasticsearch: url,
  elasticsearchApiKey: apiKey,
}: ElasticsearchOptions): ElasticsearchAddress | undefined {
  if (url === undefined && apiKey !== undefined) {
    throw new UsageError('--elasticsearch-api-key is for an address: give --elasticsearch, too');
  }
  return url === undefined ? undefined : { url, apiKey };
}
