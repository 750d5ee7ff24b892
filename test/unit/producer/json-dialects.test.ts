import { describe, expect, it } from 'vitest';
import { EventIntake } from '../../../producer/event-intake.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';

const TIME = '2024-03-07T11:05:01.123Z';

function read(...lines: readonly string[]) {
  const intake = new EventIntake(chosenFormat('auto').format.forText?.(lines[0] ?? '') ?? chosenFormat('auto').format, {
    ...{ host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000, service: 'cart' },
  });
  for (const line of lines) intake.addLine(line, 'here');
  return intake.take();
}

describe('service logs in JSON with words of their own', () => {
  it.each<[string, object, string, string]>([
    [
      'MongoDB',
      { t: { $date: TIME }, s: 'E', c: 'NETWORK', id: 1, ctx: 'listener', msg: 'boom', attr: { a: 1 } },
      'ERROR',
      'boom',
    ],
    [
      'Extended JSON',
      { time: { $date: { $numberLong: String(Date.parse(TIME)) } }, level: 'warn', msg: 'x' },
      'WARN',
      'x',
    ],
    [
      "Serilog's compact form",
      { '@t': TIME, '@l': 'Error', '@mt': 'no {Item} in {Cart}', Item: 7, Cart: 'c' },
      'ERROR',
      'no 7 in c',
    ],
    ["Serilog's compact form without a level", { '@t': TIME, '@m': 'ok' }, 'INFO', 'ok'],
    [
      "Serilog's form",
      { Timestamp: TIME, Level: 'Fatal', MessageTemplate: 'no {Item:000}', Properties: { Item: 7 } },
      'CRITICAL',
      'no 7',
    ],
    ['NXLog', { EventTime: TIME, Severity: 'ERROR', Message: 'boom' }, 'ERROR', 'boom'],
    [
      'the journal, a message in bytes',
      { __REALTIME_TIMESTAMP: `${Date.parse(TIME)}000`, PRIORITY: '3', MESSAGE: [98, 111, 111, 109] },
      'ERROR',
      'boom',
    ],
  ])('%s', (_program, object, level, message) => {
    const { badLines, serviceLogs } = read(JSON.stringify(object));
    expect(badLines).toEqual([]);
    expect(serviceLogs).toMatchObject([{ level, message, timestamp: Date.parse(TIME) }]);
  });
});

it('what a service says of a request is a line of the service, beside its other lines', () => {
  const of = { time: TIME, level: 'ERROR', message: 'no cart' };
  const request = { client_ip: '192.0.2.7', status: 500, method: 'POST', path: '/login', duration_ms: 12 };
  const { events, serviceLogs } = read(
    JSON.stringify({ ...of, service: 'auth', ...request }),
    JSON.stringify({ ...of, service: 'auth' }),
    // Without a name it is the request of a server that writes a message, too.
    JSON.stringify({ ...of, ...request }),
  );
  expect(serviceLogs).toMatchObject([
    { service: 'auth', message: 'no cart', ip: '192.0.2.7', status: 500, method: 'POST', response_time: 12 },
    { service: 'auth', message: 'no cart', ip: null },
  ]);
  expect(events).toMatchObject([{ client_ip: '192.0.2.7', status: 500, method: 'POST', request_time: 0.012 }]);
});

it('CSV with semicolons has decimal commas', () => {
  const { badLines, readings } = read('timestamp;sensor_id;temperature;pressure', `${TIME};boiler-1;"21,5";2,1`);
  expect(badLines).toEqual([]);
  expect(readings).toMatchObject([{ sensor_id: 'boiler-1', temperature: 21.5, pressure: 2.1 }]);
});
