import { expect, it } from 'vitest';
import { lineOfMessage } from '../../../producer/network/mqtt-line.js';

const NOW = 1_709_809_501_000;

it.each([
  ['a number', 'plant/boiler-7/temperature', '21.5', { sensor_id: 'boiler-7', timestamp: NOW, temperature: 21.5 }],
  [
    'a number of any quantity',
    'plant/boiler-7/flow',
    '0.4',
    { sensor_id: 'boiler-7', timestamp: NOW, metric: 'flow', value: 0.4 },
  ],
  ['a number under one level', 'flow', '4', { sensor_id: 'flow', timestamp: NOW, value: 4 }],
  [
    'JSON without a sensor',
    'plant/boiler-7',
    '{"temperature":21.5,"ts":5}',
    { sensor_id: 'boiler-7', temperature: 21.5, ts: 5 },
  ],
  ['JSON without a time', 'plant', '{"sensor_id":"b","pressure":2}', { sensor_id: 'b', pressure: 2, timestamp: NOW }],
  ['JSON with both', 'plant', '{"id":3,"time":7,"pressure":2}', { id: 3, time: 7, pressure: 2 }],
])('a message is a line that says its sensor and its time: %s', (_, topic, payload, line) => {
  expect(JSON.parse(lineOfMessage(topic, Buffer.from(payload), NOW))).toEqual(line);
});

it.each(['boiler,id=7 temperature=21.5', 'on', '{"half":'])(
  'what is neither JSON nor a number stays as it is: %s',
  (payload) => {
    expect(lineOfMessage('plant/boiler-7/state', Buffer.from(payload), NOW)).toBe(payload);
  },
);
