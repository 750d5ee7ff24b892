import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { prometheusText } from '../../../api/prometheus.js';

const STATUS = {
  ...{ instance: 'host-1', application: 'a "b"\\\n', version: '1.2.3', state: 'RUNNING', time: 10_000, started: 4_000 },
  tasks: [{ task: '0_0', watermark: 9_500, stream_time: -1 }],
  nodes: { goal1: { records_in: 7, records_out: 5, skipped: 2, late: 1 } },
  partitions: [
    {
      ...{ topic: 'in', partition: 3, end_offset: 20, committed_offset: 15, lag_records: 4, lag_ms: 1500 },
      ...{ watermark: null, idle_since: 8_000, holds_back: true },
    },
  ],
  stores: [{ name: 'goal1', task: '0_0', entries: 12, bytes: null, uncommitted: 3 }],
  restore: { done: 3, total: 10 },
  commits: {
    count: 3,
    ms: {
      sum: 2500,
      buckets: [
        { le: 500, count: 1 },
        { le: 1000, count: 2 },
        { le: null, count: 3 },
      ],
    },
  },
  end_to_end: {
    count: 2,
    ms: {
      sum: 400,
      buckets: [
        { le: 200, count: 1 },
        { le: null, count: 2 },
      ],
    },
  },
  totals: { recordsConsumed: 100, recordsProduced: 50, skipped: {} },
};

test('a status is told as samples, in seconds, with labels that are escaped', () => {
  const text = prometheusText([STATUS]);
  const of = 'application="a \\"b\\"\\\\\\n",instance_id="host-1"';
  for (const line of [
    `millrace_info{${of},version="1.2.3"} 1`,
    `millrace_client_state{${of},state="RUNNING"} 1`,
    `millrace_client_state{${of},state="ERROR"} 0`,
    `millrace_process_records_total{${of}} 100`,
    `millrace_processor_node_process_records_total{${of},node="goal1"} 7`,
    `millrace_partition_lag_seconds{${of},topic="in",partition="3"} 1.5`,
    `millrace_partition_idle_seconds{${of},topic="in",partition="3"} 2`,
    `millrace_partition_holds_back{${of},topic="in",partition="3"} 1`,
    `millrace_task_watermark_seconds{${of},task="0_0"} 9.5`,
    `millrace_store_entries{${of},store="goal1",task="0_0"} 12`,
    `millrace_restore_remaining_offsets{${of}} 7`,
    `millrace_commit_latency_seconds_bucket{${of},le="0.5"} 1`,
    `millrace_commit_latency_seconds_bucket{${of},le="+Inf"} 3`,
    `millrace_commit_latency_seconds_sum{${of}} 2.5`,
    `millrace_record_e2e_latency_seconds_bucket{${of},le="0.2"} 1`,
    `millrace_record_e2e_latency_seconds_bucket{${of},le="+Inf"} 2`,
    `millrace_record_e2e_latency_seconds_sum{${of}} 0.4`,
    `millrace_record_e2e_latency_seconds_count{${of}} 2`,
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  // What is not known has no sample.
  for (const name of ['task_stream_time', 'partition_watermark', 'store_size_bytes', 'dropped_records_total{']) {
    expect(text).not.toContain(`millrace_${name}`);
  }
});

test('a status that is of another version, or none, costs itself alone', () => {
  expect(prometheusText([{ instance: 1 }, null, 'x'])).toBe('');
  const { application, state, time } = STATUS;
  const text = prometheusText([STATUS, { application, instance: 'host-2', state, time, nodes: 'none' }]);
  expect(text).toContain('instance_id="host-2",state="RUNNING"} 1');
  expect(text).not.toContain('instance_id="host-2",node=');
});

test('promtool finds nothing wrong with the metrics of two instances', ({ skip }) => {
  const text = prometheusText([STATUS, { ...STATUS, instance: 'host-2' }]);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (checked.error !== undefined) skip('promtool is not installed');
  expect(checked.stdout + checked.stderr).toBe('');
  expect(checked.status).toBe(0);
});
