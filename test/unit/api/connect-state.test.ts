import { expect, it } from 'vitest';
import { ConnectState } from '../../../api/live/connect-state.js';

/** As Connect's KafkaStatusBackingStore writes them. */
const RUNNING = { state: 'RUNNING', trace: null, worker_id: '127.0.0.1:8083', generation: 3 };
const FAILED = {
  ...{ state: 'FAILED', worker_id: '127.0.0.1:8083', generation: 3 },
  trace: 'org.apache.kafka.connect.errors.ConnectException: no route\n\tat java.base/Thread.run(Thread.java)',
};

it('knows connectors and tasks by the last that their workers have said, and whose names end like tasks', () => {
  const state = new ConnectState();
  state.take('status-connector-influxdb-goal3', { ...RUNNING, state: 'UNASSIGNED' });
  state.take('status-connector-influxdb-goal3', RUNNING);
  state.take('status-task-influxdb-goal3-10', RUNNING);
  state.take('status-task-influxdb-goal3-2', FAILED);
  state.take('status-topic-goal3-topic:connector-influxdb-goal3', { topic: {} });
  expect(state.names).toEqual(['influxdb-goal3']);
  expect(state.connector('influxdb-goal3')).toEqual({ state: 'RUNNING', worker: '127.0.0.1:8083', failure: null });
  expect(state.tasks('influxdb-goal3')).toEqual([
    {
      ...{ id: 2, state: 'FAILED', worker: '127.0.0.1:8083' },
      failure: 'org.apache.kafka.connect.errors.ConnectException: no route',
    },
    { id: 10, state: 'RUNNING', worker: '127.0.0.1:8083', failure: null },
  ]);
});

it('forgets what was deleted, and what it cannot read', () => {
  const state = new ConnectState();
  for (const name of ['a', 'b', 'c']) state.take(`status-connector-${name}`, RUNNING);
  state.take('status-task-a-0', RUNNING);
  state.take('status-connector-a', null);
  state.take('status-task-a-0', { ...RUNNING, state: 'DESTROYED' });
  state.take('status-connector-b', { state: 'DANCING' });
  expect(state.names).toEqual(['c']);
  expect(state.tasks('a')).toEqual([]);
});
