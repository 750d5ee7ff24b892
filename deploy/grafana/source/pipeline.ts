import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { type Board, labelVariable } from './board.js';
import { bars, figure, lines, rows } from './panels.js';
import { prom, promNow } from './queries.js';

const CHOSEN = 'application=~"$application", instance_id=~"$instance"';

/** A metric of the instances that are chosen. */
const of = (metric: string, more = '') => `millrace_${metric}{${CHOSEN}${more}}`;
const rate = (metric: string) => `rate(${of(metric)}[$__rate_interval])`;
const quantile = (q: number, metric: string) =>
  `histogram_quantile(${q}, sum by (le) (rate(${of(`${metric}_seconds_bucket`)}[$__rate_interval])))`;
const quantiles = (metric: string) =>
  [0.5, 0.95, 0.99].map((q) => prom(quantile(q, metric), `p${Math.round(q * 100)}`));

export const pipeline: Board = {
  name: 'pipeline',
  title: 'Engine and pipeline',
  description: 'How the engine does: lag, watermarks, commits, state, connectors and the disk.',
  page: '/pipeline',
  from: 'now-30m',
  variables: [
    labelVariable('application', 'Application', 'label_values(millrace_info, application)'),
    labelVariable('instance', 'Instance', 'label_values(millrace_info{application=~"$application"}, instance_id)'),
  ],
  sections: [
    {
      panels: [
        figure({
          title: 'Instances that run',
          description: 'Of those that tell of themselves.',
          queries: [promNow(`sum(${of('client_state', ', state="RUNNING"')})`, 'running')],
        }),
        figure({
          title: 'Records a second',
          description: 'Taken from source topics.',
          unit: 'cps',
          queries: [prom(`sum(${rate('process_records_total')})`, 'records')],
        }),
        figure(
          {
            title: 'Behind',
            description: 'Where it is furthest behind the end.',
            unit: 's',
            queries: [prom(`max(${of('partition_lag_seconds')})`, 'behind')],
          },
          [
            [60, 'orange'],
            [900, 'red'],
          ],
        ),
        figure(
          {
            title: 'Dead letters',
            description: 'Since the instances were started.',
            queries: [promNow(`sum(${of('dead_letter_records_total')})`, 'dead letters')],
          },
          [[1, 'orange']],
        ),
        figure(
          {
            title: 'Refused commits',
            description: 'Since the instances were started; their records were processed again.',
            queries: [promNow(`sum(${of('aborted_commits_total')})`, 'commits')],
          },
          [[1, 'red']],
        ),
        figure(
          {
            title: 'Failed connectors',
            description: 'Of Kafka Connect.',
            queries: [promNow('sum(max by (connector) (millrace_connector_failed))', 'failed')],
          },
          [[1, 'red']],
        ),
      ],
    },
    {
      title: 'Progress',
      panels: [
        lines({
          title: 'Behind, by topic',
          description: 'How long ago the end of the topic was where the reader is now.',
          unit: 's',
          queries: [prom(`max by (topic) (${of('partition_lag_seconds')})`, '{{topic}}')],
        }),
        lines({
          title: 'Records that wait, by topic',
          description: 'Still to be processed.',
          queries: [prom(`sum by (topic) (${of('partition_records_lag')})`, '{{topic}}')],
        }),
        lines({
          title: 'Watermark behind the event time read',
          description: 'Of tasks: windows that end in between are open.',
          unit: 's',
          queries: [prom(`${of('task_stream_time_seconds')} - ${of('task_watermark_seconds')}`, '{{task}}')],
        }),
        lines({
          title: 'Silence, by topic',
          description: 'For how long nothing has come in its most silent partition.',
          unit: 's',
          queries: [prom(`max by (topic) (${of('partition_idle_seconds')})`, '{{topic}}')],
        }),
      ],
    },
    {
      title: 'Records',
      panels: [
        lines({
          title: 'Records a second, by instance',
          description: 'Taken from source topics.',
          unit: 'cps',
          queries: [prom(`sum by (instance_id) (${rate('process_records_total')})`, '{{instance_id}}')],
        }),
        lines({
          title: 'Records a second, by node',
          description: 'The ten nodes that get the most.',
          unit: 'cps',
          queries: [prom(`topk(10, sum by (node) (${rate('processor_node_process_records_total')}))`, '{{node}}')],
        }),
        bars({
          title: 'Not used, a second',
          description: 'Dead letters, what came too late, and what an operator passed over.',
          unit: 'cps',
          queries: [
            prom(`sum(${rate('dead_letter_records_total')})`, 'dead letters'),
            prom(`sum(${rate('late_records_total')})`, 'late'),
            prom(`sum(${rate('dropped_records_total')})`, 'passed over'),
          ],
        }),
        lines({
          title: 'Written, a second',
          description: 'To output, changelog and repartition topics.',
          unit: 'cps',
          queries: [
            prom(`sum(${rate('sent_records_total')})`, 'output'),
            prom(`sum(${rate('changelog_records_total')})`, 'changelogs'),
            prom(`sum(${rate('repartition_records_total')})`, 'repartition'),
          ],
        }),
      ],
    },
    {
      title: 'Time',
      panels: [
        lines({
          title: 'Commits',
          description: 'How long they took to be durable.',
          unit: 's',
          queries: quantiles('commit_latency'),
        }),
        lines({
          title: 'From a record to its results',
          description: 'From the time of a record until its results were durable, of the newest of each commit.',
          unit: 's',
          queries: quantiles('record_e2e_latency'),
        }),
        lines({
          title: 'Commits a second',
          description: 'Those that were made, and those that the log refused.',
          unit: 'ops',
          queries: [
            prom(`sum(${rate('commit_latency_seconds_count')})`, 'made'),
            prom(`sum(${rate('aborted_commits_total')})`, 'refused'),
          ],
        }),
        lines({
          title: 'Changes of the partitions',
          description: 'Rebalances, and positions that the log had no more, since the instances were started.',
          queries: [
            prom(`sum(${of('rebalances_total')})`, 'rebalances'),
            prom(`sum(${of('offset_resets_total')})`, 'offset resets'),
          ],
        }),
      ],
    },
    {
      title: 'State and disk',
      panels: [
        lines({
          title: 'Stores',
          description: 'Roughly what they take on the disk.',
          unit: 'bytes',
          queries: [prom(`sum by (store) (${of('store_size_bytes')})`, '{{store}}')],
        }),
        lines({
          title: 'Still to be restored',
          description: 'Changelog offsets.',
          queries: [prom(`sum by (instance_id) (${of('restore_remaining_offsets')})`, '{{instance_id}}')],
        }),
        lines({
          title: 'Left on the disk',
          description: 'Of the file system that has the data directory.',
          unit: 'percentunit',
          queries: [prom('millrace_disk_available_bytes / millrace_disk_size_bytes', 'left')],
        }),
        bars({
          title: 'Tasks of connectors',
          description: 'By their state.',
          queries: [prom('sum by (state) (millrace_connector_tasks)', '{{state}}')],
        }),
        rows({
          title: 'Instances',
          description: 'And the versions that they run.',
          queries: [promNow(of('info'), '{{instance_id}} {{version}}').format(PromQueryFormat.Table)],
        }),
      ],
    },
  ],
};
