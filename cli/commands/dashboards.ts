import { type Command, Option } from 'commander';
import { applyGrafanaDashboards } from '../../connectors/dashboards/apply-grafana.js';
import { applyKibanaObjects } from '../../connectors/dashboards/apply-kibana.js';
import { HttpService } from '../../connectors/http-service.js';
import { positiveWait } from '../options/duration.js';
import { httpUrl } from '../options/http-url.js';
import { durationOption } from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { onNobodyReads, print, say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';

interface ApplyOptions {
  readonly kibana?: string;
  readonly kibanaApiKey?: string;
  readonly grafana?: string;
  readonly grafanaToken?: string;
  readonly influxdb?: string;
  readonly prometheus?: string;
  readonly elasticsearch?: string;
  readonly timeout: number;
}

export function dashboardsCommand(program: Command): Command {
  const command = program.command('dashboards').description('manage the dashboards of Grafana and Kibana');
  command
    .command('apply')
    .description('create and update the dashboards, and what they need, in Grafana, Kibana or both')
    .option('--kibana <url>', 'create data views, searches and dashboards in this Kibana, or space of it', httpUrl)
    .addOption(new Option('--kibana-api-key <key>', 'API key of Kibana; or user:password@ in its URL'))
    .option('--grafana <url>', 'create the folder, data sources and dashboards in this Grafana', httpUrl)
    .addOption(new Option('--grafana-token <token>', 'service account token of Grafana; or user:password@ in its URL'))
    .option('--influxdb <url>', 'also create the data source: InfluxDB as Grafana reaches it', httpUrl)
    .option('--prometheus <url>', 'also create the data source: Prometheus as Grafana reaches it', httpUrl)
    .option('--elasticsearch <url>', 'also create the data sources: Elasticsearch as Grafana reaches it', httpUrl)
    .addOption(durationOption('--timeout <duration>', 'how long to wait for services', '60s', positiveWait))
    .action(apply);
  return command;
}

async function apply(options: ApplyOptions): Promise<void> {
  const { grafana, grafanaToken, kibana, kibanaApiKey, timeout: waitMs } = options;
  if (grafana === undefined && kibana === undefined) throw new UsageError('give it --grafana, --kibana or both');
  // Whoever reads the output may have seen enough; the rest is applied all the same.
  onNobodyReads(() => {});
  const service = (name: string, url: string, authorization: string | undefined) =>
    new HttpService({ name, url, waitMs, authorization, onWait: (why) => say(safe`${why}; waiting for it…`) });
  if (grafana !== undefined) {
    const bearer = grafanaToken === undefined ? undefined : `Bearer ${grafanaToken}`;
    for (const { name, result } of await applyGrafanaDashboards(service('Grafana', grafana, bearer), options)) {
      print(safe`Grafana, ${name}: ${result}`);
    }
  }
  if (kibana !== undefined) {
    const key = kibanaApiKey === undefined ? undefined : `ApiKey ${kibanaApiKey}`;
    for (const { name, note, result } of await applyKibanaObjects(service('Kibana', kibana, key))) {
      print(safe`Kibana, ${name}: ${result}${note === undefined ? '' : ` (${note})`}`);
    }
  }
}
