import { describe, expect, it } from 'vitest';
import { EventIntake } from '../../../producer/event-intake.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { ReadingFields, ServiceFields } from '../../../producer/formats/line-format.js';

const DEFAULTS = { host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000 };
const LINE = '203.0.113.5 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5';

function intake(): EventIntake {
  return new EventIntake(chosenFormat('auto').format, DEFAULTS);
}

describe('an intake of what others send', () => {
  it('gives what syslog sends without a time that of its arrival, and says so, and other lines their own', () => {
    const events = intake();
    const arrivedAt = Date.UTC(2026, 2, 7, 11, 5, 3);
    events.addLine('<34>su: failed for root on /dev/pts/8', 'udp://192.0.2.1', arrivedAt);
    events.addLine('<134>cart[12]: hello', 'udp://192.0.2.1', arrivedAt);
    events.addLine('<134>2026-03-07T10:00:00Z web-1 cart[12]: earlier', 'udp://192.0.2.1', arrivedAt);
    const { badLines, oddFields, serviceLogs } = events.take();
    expect(badLines).toEqual([]);
    expect(serviceLogs.map(({ timestamp, message }) => [timestamp, message])).toEqual([
      [arrivedAt, 'su: failed for root on /dev/pts/8'],
      [arrivedAt, 'cart[12]: hello'],
      [Date.UTC(2026, 2, 7, 10), 'earlier'],
    ]);
    expect([...oddFields.values()]).toEqual([2]);
  });

  it('puts together rows of CSV in one text whose quoted values have newlines', () => {
    const events = intake();
    const row = (n: number, note: string) => `2024-03-07T11:05:0${n}Z,boiler-${n},${note},1.5`;
    const text = ['time,sensor_id,note,temperature', row(1, '"a\n\nb"'), row(2, '"lone'), row(3, 'c')].join('\n');
    events.addLines(text.split('\n'), 'here');
    events.addLines([row(4, '"lone at the end')], 'here');
    events.addLines([row(5, 'd')], 'here');
    const { badLines, readings } = events.take();
    expect(readings.map(({ sensor_id }) => sensor_id)).toEqual(['boiler-1', 'boiler-3', 'boiler-5']);
    expect(badLines.map(({ bytes }) => bytes.toString())).toEqual([row(2, '"lone'), row(4, '"lone at the end')]);
  });

  it('sorts events by their kind, and has none twice', () => {
    const events = intake();
    events.addLine(LINE, 'tcp://203.0.113.9');
    const log = Object.assign(new ServiceFields(), { time: '2024-03-07T11:05:01Z', service: 'auth', message: 'hello' });
    events.addFields(log, 'hello', 'otlp');
    const reading = Object.assign(new ReadingFields(), { time: 1_709_809_501, sensor: 'a', temperature: '21.5' });
    events.addFields(reading, '21.5', 'mqtt');
    expect(events.size).toBe(3);
    const batch = events.take();
    expect(batch.events.map(({ client_ip }) => client_ip)).toEqual(['203.0.113.5']);
    expect(batch.serviceLogs.map(({ service, level, message }) => [service, level, message])).toEqual([
      ['auth', 'INFO', 'hello'],
    ]);
    expect(batch.readings).toEqual([
      {
        ...{ sensor_id: 'a', temperature: 21.5, pressure: null, value: null },
        ...{ timestamp: 1_709_809_501_000, is_anomaly: false },
      },
    ]);
    expect(events.take()).toMatchObject({ events: [], serviceLogs: [], readings: [], badLines: [] });
  });

  it('says of what it cannot use why, where it came from, and what it was', () => {
    const events = intake();
    events.addLine('what is this', 'udp://203.0.113.9');
    events.addFields(Object.assign(new ReadingFields(), { time: 1_709_809_501, sensor: 'a' }), '{}', 'mqtt');
    const { badLines } = events.take();
    expect(badLines.map(({ reason, source, bytes }) => [reason.split(':')[0], source, bytes.toString()])).toEqual([
      ['not-in-format', 'udp://203.0.113.9', 'what is this'],
      ['no-measurement', 'mqtt', '{}'],
    ]);
  });
});
