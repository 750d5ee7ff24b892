import { expect, it } from 'vitest';
import { csvHead, csvLine } from '../../../api/search/line-text.js';

it('writes lines as RFC 4180 has them, with times in ISO 8601', () => {
  expect(csvHead('sensors')).toBe('id,time,sensor_id,temperature,pressure,value,is_anomaly\r\n');
  const line = { id: 'sensor-topic/0/1', time: 0, sensor_id: 'a "b", c\nd', temperature: -4.5, pressure: null };
  expect(csvLine('sensors', line)).toBe('sensor-topic/0/1,1970-01-01T00:00:00.000Z,"a ""b"", c\nd",-4.5,,,\r\n');
});

it('lets no text be a formula, and leaves numbers what they are', () => {
  const cells = ['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\tx', '-12.5', '+7'].map(
    (sensor_id) => csvLine('sensors', { id: 'x', time: 0, sensor_id }).split(',')[2],
  );
  expect(cells).toEqual(["'=1+1", "'+cmd", "'-2+3", "'@SUM(A1)", "'\tx", '-12.5', '+7']);
});

it('gives what has no column of its own in one', () => {
  const line = {
    id: 'x',
    time: 0,
    kind: 'dead-letters',
    reason: 'why',
    source: 'logs',
    partition: '0',
    level: 'ERROR',
  };
  expect(csvLine('dead-letters', line)).toBe('x,1970-01-01T00:00:00.000Z,why,logs,0,,,,,"{""level"":""ERROR""}"\r\n');
});
