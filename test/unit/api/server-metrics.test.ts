import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ConnectState } from '../../../api/live/connect-state.js';
import { serverMetricsText } from '../../../api/server-metrics.js';

const RUNNING = { state: 'RUNNING', trace: null, worker_id: '127.0.0.1:8083' };
const FAILED = { ...RUNNING, state: 'FAILED', trace: 'no route' };

function connectors(): ConnectState {
  const state = new ConnectState();
  state.take('status-connector-influxdb-goal3', RUNNING);
  state.take('status-task-influxdb-goal3-0', RUNNING);
  state.take('status-task-influxdb-goal3-1', RUNNING);
  // A connector goes on to run when its task fails.
  state.take('status-connector-elasticsearch-goals', RUNNING);
  state.take('status-task-elasticsearch-goals-0', FAILED);
  state.take('status-connector-refused', FAILED);
  return state;
}

test('a connector has failed when it, or a task of it, has', () => {
  const text = serverMetricsText({ connectors: connectors(), disk: { availableBytes: 25, sizeBytes: 100 } });
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'millrace_disk_available_bytes 25',
    'millrace_disk_size_bytes 100',
    'millrace_connect_readable 1',
    'millrace_connector_failed{connector="elasticsearch-goals"} 1',
    'millrace_connector_failed{connector="influxdb-goal3"} 0',
    'millrace_connector_failed{connector="refused"} 1',
    'millrace_connector_tasks{connector="elasticsearch-goals",state="FAILED"} 1',
    'millrace_connector_tasks{connector="influxdb-goal3",state="RUNNING"} 2',
  ]);
});

test('what is not known has no sample', () => {
  expect(serverMetricsText({ connectors: undefined, disk: undefined })).toBe('');
  const text = serverMetricsText({ connectors: 'unreadable', disk: undefined });
  expect(text).toContain('\nmillrace_connect_readable 0\n');
  expect(text).not.toContain('millrace_connector_');
});

test('promtool finds nothing wrong with what the server tells of itself', ({ skip }) => {
  const input = serverMetricsText({ connectors: connectors(), disk: { availableBytes: 25, sizeBytes: 100 } });
  const checked = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  if (checked.error !== undefined) skip('promtool is not installed');
  expect(checked.stdout + checked.stderr).toBe('');
});
