import { describe, expect, it } from 'vitest';
import { EventIntake } from '../../../producer/event-intake.js';
import { TimeReader } from '../../../producer/event-time.js';
import { chosenFormat, type FormatOptions } from '../../../producer/formats/known-formats.js';
import { LineRefusal, NO_RECORD, ServiceFields } from '../../../producer/formats/line-format.js';
import type { EventBatch } from '../../../producer/log-source.js';
import { Privacy } from '../../../producer/privacy.js';

const DEFAULTS = { host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000, details: () => true };

function readLines(text: string, format = 'auto', options: FormatOptions = {}, privacy = new Privacy({})): EventBatch {
  const details = (name: Parameters<Privacy['wants']>[0]) => privacy.wants(name);
  const intake = new EventIntake(chosenFormat(format, { keepsDetails: true, ...options }).format, {
    ...{ ...DEFAULTS, privacy, details },
  });
  for (const line of text.split('\n')) intake.addLine(line, 'test');
  return intake.take();
}

function iso(event: { readonly timestamp: number } | undefined): string {
  return new Date(event?.timestamp ?? 0).toISOString();
}

describe('formats of requests', () => {
  it.each([
    ['response_time_ms', 450, 0.45],
    ['responseTimeMs', '450', 0.45],
    ['latency_us', 450_000, 0.45],
    ['durationNs', 450_000_000, 0.45],
    ['elapsed_seconds', 0.45, 0.45],
    ['duration_usec', 450_000, 0.45],
    ['duration_msec', '450', 0.45],
    ['latency_microseconds', 450_000, 0.45],
    ['elapsed_microsecs', 450_000, 0.45],
    ['latency', '450ms', 0.45],
    ['duration', '0.45s', 0.45],
    ['latency_ms', '450µs', 0.00045],
    ['request_time_ms', 450, 0.45],
    ['response_time', 450, 0.45],
    ['response_time', 0.45, 0.45],
    ['request_time', 0.45, 0.45],
    ['request_time', 3, 3],
  ])('the duration %s of %s is %s s', (name, value, seconds) => {
    const line = { timestamp_ms: 1_767_268_800_123, ip: '10.0.0.1', method: 'GET', endpoint: '/a', status_code: 200 };
    const [event] = readLines(JSON.stringify({ ...line, [name]: value })).events;
    expect(event).toMatchObject({ client_ip: '10.0.0.1', path: '/a', timestamp: 1_767_268_800_123 });
    expect(event?.request_time).toBeCloseTo(seconds, 9);
  });

  it("IIS's columns are those of the header, in which time-taken is milliseconds", () => {
    const { badLines, events } = readLines(
      `#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken
2024-03-07 11:05:01 10.0.0.4 GET /a q=1 443 jane 203.0.113.5 Mozilla/5.0+(X11) 200 15
2024-03-07 11:05:02 10.0.0.4 GET /a`,
    );
    expect(events).toHaveLength(1);
    expect(iso(events[0])).toBe('2024-03-07T11:05:01.000Z');
    expect(events[0]).toMatchObject({
      client_ip: '203.0.113.5',
      status: 200,
      request_time: 0.015,
      path: '/a',
      query: 'q=1',
    });
    expect(events[0]).toMatchObject({ user: 'jane', user_agent: 'Mozilla/5.0 (X11)', server: '10.0.0.4' });
    expect(badLines).toHaveLength(1);
  });

  it("CloudFront's columns have tabs between them, and time-taken is seconds", () => {
    const fields =
      'date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status time-taken x-host-header';
    const values = [
      '2024-03-07',
      '11:05:01',
      'FRA2',
      '512',
      '203.0.113.5',
      'GET',
      'd1.cloudfront.net',
      '/a',
      '200',
      '2',
      'shop.example',
    ];
    const { events } = readLines(`#Fields: ${fields}\n${values.join('\t')}`);
    expect(events[0]).toMatchObject({ host: 'shop.example', server: 'FRA2', bytes: 512, request_time: 2 });
  });

  it("a load balancer's times are added up, and its URL names the host", () => {
    const { events } = readLines(
      'https 2024-03-07T11:05:01.186641Z app/my-lb/50dc 203.0.113.5:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 ' +
        '"GET https://shop.example:443/a?b=c HTTP/1.1" "curl/7" ECDHE TLSv1.2 arn:aws:x "Root=1-58337281-1d84f3d73c47ec4e58577259" "-"',
    );
    expect(events[0]).toMatchObject({
      client_ip: '203.0.113.5',
      host: 'shop.example',
      request_time: 0.171,
      upstream_time: 0.048,
    });
    expect(events[0]).toMatchObject({
      path: '/a',
      query: 'b=c',
      tls: 'TLSv1.2',
      request_id: '1-58337281-1d84f3d73c47ec4e58577259',
    });
  });

  it("Envoy's and Traefik's durations are read in their own units", () => {
    const { events } = readLines(
      `{"start_time":"2024-03-07T11:05:01.123Z","method":"GET","path":"/a","protocol":"HTTP/2","response_code":503,"response_flags":"UF","duration":12,"upstream_service_time":"11","x_forwarded_for":"203.0.113.5","authority":"shop.example"}
{"ClientHost":"203.0.113.5","DownstreamStatus":404,"Duration":12345678,"OriginDuration":1000000,"StartUTC":"2024-03-07T11:05:01Z","level":"info","msg":""}`,
    );
    expect(events.map(({ request_time, upstream_time }) => [request_time, upstream_time])).toEqual([
      [0.012, 0.011],
      [0.012345678, 0.001],
    ]);
  });

  it('an access log in a format of somebody’s own is not taken for a service log', () => {
    const { badLines, serviceLogs } = readLines('2024-03-07T11:05:01+00:00 203.0.113.5 "GET / HTTP/1.1" 200 0.1');
    expect(serviceLogs).toEqual([]);
    expect(badLines[0]?.reason).toMatch(/^not-in-format: /);
  });
});

describe('formats of service logs', () => {
  it('logfmt has its fields by their names', () => {
    const { serviceLogs } = readLines(
      'time="2024-03-07T11:05:01Z" level=warning msg="disk is \\"full\\"" service=disk trace_id=abc size=3',
    );
    expect(serviceLogs[0]).toMatchObject({
      service: 'disk',
      level: 'WARN',
      message: 'disk is "full"',
      trace_id: 'abc',
    });
    expect(serviceLogs[0]?.attributes).toEqual({ size: '3' });
  });

  it('syslog gives what it wraps the program, the machine, and its severity where the line has none', () => {
    const { events, serviceLogs } = readLines(
      `<11>Mar  7 11:05:01 web-1 app[7]: something happened
<165>1 2024-03-07T11:05:01.003Z web-2 billing 123 ID47 [a b="c"] invoice written
<190>Mar  7 11:05:02 web-1 nginx: 203.0.113.5 - - [07/Mar/2024:11:05:02 +0000] "GET / HTTP/1.1" 404 5`,
    );
    expect(serviceLogs.map(({ service, source, level, message }) => [service, source, level, message])).toEqual([
      ['app', 'web-1', 'ERROR', 'something happened'],
      ['billing', 'web-2', 'INFO', 'invoice written'],
    ]);
    expect(events[0]).toMatchObject({ client_ip: '203.0.113.5', server: 'web-1' });
  });

  it('containers’ lines are put together, of parts and of stack traces', () => {
    const { badLines, serviceLogs } = readLines(
      `2024-03-07T11:05:01.000000001Z stdout P first half, 
2024-03-07T11:05:01.000000002Z stdout F second half
2024-03-07T11:05:02.000000001Z stderr F panic: boom
2024-03-07T11:05:02.000000001Z stderr F 
2024-03-07T11:05:02.000000001Z stderr F goroutine 1 [running]:
2024-03-07T11:05:02.000000001Z stderr F main.main()
{"log":"2024-03-07 11:05:03,000 ERROR c.e.Main - failed\\n","stream":"stdout","time":"2024-03-07T11:05:03.000000001Z"}
{"log":"java.lang.IllegalStateException: x\\n","stream":"stdout","time":"2024-03-07T11:05:03.000000001Z"}
{"log":"\\tat c.e.Main.main(Main.java:3)\\n","stream":"stdout","time":"2024-03-07T11:05:03.000000001Z"}`,
    );
    expect(badLines).toEqual([]);
    expect(serviceLogs.map(({ level, message }) => [level, message])).toEqual([
      ['INFO', 'first half, second half'],
      ['CRITICAL', 'panic: boom\n\ngoroutine 1 [running]:\nmain.main()'],
      ['ERROR', 'failed\njava.lang.IllegalStateException: x\n\tat c.e.Main.main(Main.java:3)'],
    ]);
  });

  it.each<[string, string, string, string]>([
    ['klog', 'E0307 11:05:01.123456    1 controller.go:12] not synced', 'ERROR', 'not synced'],
    [
      'Tomcat',
      '07-Mar-2024 11:05:01.123 INFO [main] org.apache.catalina.Catalina.start Server startup',
      'INFO',
      '[main] org.apache.catalina.Catalina.start Server startup',
    ],
    ['gunicorn', '[2024-03-07 11:05:01 +0000] [7] [INFO] Booting worker', 'INFO', 'Booting worker'],
    ['Rust', '2024-03-07T11:05:01.123456Z  WARN server::http: slow', 'WARN', 'server::http: slow'],
    ['Django', 'ERROR 2024-03-07 11:05:01,123 views 12 34 boom', 'ERROR', 'views 12 34 boom'],
    ['colours', '\u001b[32m2024-03-07T11:05:01Z\u001b[0m \u001b[31mERROR\u001b[0m boom', 'ERROR', 'boom'],
  ])('%s', (_name, line, level, message) => {
    expect(readLines(line).serviceLogs[0]).toMatchObject({ level, message });
  });

  it('--map says which member is which field, also where a name has dots in it', () => {
    const line =
      '{"t":1709809501,"sev":"fatal","text":{"body":"no"},"k8s":{"labels":{"app.kubernetes.io/name":"cart"}}}';
    const map = 'time=t,level=sev,message=text.body,service=k8s.labels.app.kubernetes.io/name';
    const { badLines, serviceLogs } = readLines(line, 'auto', { map });
    expect(badLines).toEqual([]);
    expect(serviceLogs[0]).toMatchObject({
      service: 'cart',
      level: 'CRITICAL',
      message: 'no',
      timestamp: 1_709_809_501_000,
    });
  });

  it.each([
    ['sensor=x', '"sensor" is no field'],
    ['message', 'is no field=member'],
    ['message=a,temperature=b', 'no kind of event has all of message, temperature'],
  ])('--map %s is refused', (map, why) => {
    expect(() => chosenFormat('auto', { map })).toThrow(why);
  });

  it('a message is bounded, whatever follows it', () => {
    const trace = Array.from({ length: 200_000 }, () => '\tat a.b.C.d(E.java:1)').join('\n');
    const { serviceLogs } = readLines(`2024-03-07 11:05:01 ERROR boom\n${trace}`);
    expect(serviceLogs).toHaveLength(1);
    expect(serviceLogs[0]?.message.length).toBeLessThanOrEqual(65_536);
  });
});

describe('formats of readings', () => {
  it.each([
    ['JSON', '{"sensor_id":"boiler-1","temperature":40.5,"pressure":1013,"timestamp":1709809501000}'],
    ['JSON with members within', '{"device":"boiler-1","ts":1709809501,"data":{"temp":"40.5","pressure":1013}}'],
    ['CSV', 'timestamp;sensor_id;Temperature (°C);pressure\n2024-03-07T11:05:01Z;boiler-1;40.5;1013'],
    ['the line protocol', 'weather,sensor=boiler-1,room=a\\ b temperature=40.5,pressure=1013i 1709809501000000000'],
  ])('%s', (_name, text) => {
    const { badLines, readings } = readLines(text);
    expect(badLines).toEqual([]);
    expect(readings).toEqual([
      {
        ...{ sensor_id: 'boiler-1', temperature: 40.5, pressure: 1013, value: null },
        ...{ timestamp: 1_709_809_501_000, is_anomaly: false },
      },
    ]);
  });
});

describe('times', () => {
  const now = Date.UTC(2024, 2, 7, 12);
  it.each([
    ['Mar  7 11:05:01', '2024-03-07T11:05:01.000Z', 'without a year'],
    ['Mar  9 11:05:01', '2023-03-09T11:05:01.000Z', 'without a year'],
    ['Feb 29 11:05:01', '2024-02-29T11:05:01.000Z', 'without a year'],
    ['11:05:01.250', '2024-03-07T11:05:01.250Z', 'without a date'],
    ['13:05:01', '2024-03-06T13:05:01.000Z', 'without a date'],
    ['2024-03-07 11:05:01,250', '2024-03-07T11:05:01.250Z', 'without a zone'],
    ['Thu Mar 07 11:05:01.250 2024', '2024-03-07T11:05:01.250Z', 'without a zone'],
    ['2024-03-07T11:05:01.250+01:00', '2024-03-07T10:05:01.250Z', undefined],
    [1_709_809_501, '2024-03-07T11:05:01.000Z', undefined],
    [1_709_809_501_250, '2024-03-07T11:05:01.250Z', undefined],
    ['1709809501250000', '2024-03-07T11:05:01.250Z', undefined],
    [1_709_809_501_250_000_000, '2024-03-07T11:05:01.250Z', undefined],
  ])('%s', (text, expected, guess) => {
    const times = new TimeReader({ now: () => now });
    expect(new Date(times.read(text)).toISOString()).toBe(expected);
    expect(times.guess).toBe(guess);
  });

  it.each([
    ['2024-03-07 11:05:01', '2024-03-07T10:05:01.000Z'],
    ['2024-07-07 11:05:01', '2024-07-07T09:05:01.000Z'],
    ['2024-03-31 03:30:00', '2024-03-31T01:30:00.000Z'],
  ])('%s of a zone that is named is in its summer or winter time', (text, expected) => {
    const times = new TimeReader({ timeZone: 'Europe/Berlin', now: () => now });
    expect(new Date(times.read(text)).toISOString()).toBe(expected);
    expect(times.guess).toBeUndefined();
  });
});

describe('privacy', () => {
  const line = '203.0.113.77 - jane [07/Mar/2024:11:05:01 +0000] "GET /a?token=x HTTP/1.1" 200 5 "-" "Firefox"';

  it('masks addresses by their network', () => {
    const masked = (text: string, mask: string) =>
      readLines(text, 'auto', {}, new Privacy({ mask: [mask] })).events[0]?.client_ip;
    expect(masked(line, 'client_ip=/24')).toBe('203.0.113.0');
    expect(masked(line, 'client_ip=/20')).toBe('203.0.112.0');
    expect(masked(line.replace('203.0.113.77', '2001:db8:1:2::5'), 'client_ip=/24/32')).toBe('2001:db8::');
  });

  it('leaves out what is named, and keeps the rest', () => {
    const privacy = new Privacy({ drop: ['query', 'user', 'user_agent'] });
    expect(readLines(line, 'auto', {}, privacy).events[0]).toMatchObject({
      path: '/a',
      query: null,
      user: null,
      user_agent: null,
    });
    expect(readLines(line).events[0]).toMatchObject({
      path: '/a',
      query: 'token=x',
      user: 'jane',
      user_agent: 'Firefox',
    });
  });

  it.each([['client_ip=24'], ['client_ip=/33'], ['host=/24']])('refuses the mask %s', (mask) => {
    expect(() => new Privacy({ mask: [mask] })).toThrow('is no mask such as client_ip=/24');
  });

  it('refuses to leave out what results are made of', () => {
    expect(() => new Privacy({ drop: ['status'] })).toThrow('is no field that can be left out');
  });
});

describe('a list in JSON', () => {
  const record = '{"level":30,"time":1714000000000,"msg":"x","pid":1,"hostname":"m"}';

  it.each(['auto', 'json'])('is read by %s where each record has a line of its own', (format) => {
    const reader = chosenFormat(format, { forwarded: 'http_x_forwarded_for' }).format;
    const outcomes = ['[', ` ${record},`, record, ']'].map((line) => reader.read(line));
    expect(outcomes).toEqual([NO_RECORD, expect.any(ServiceFields), expect.any(ServiceFields), NO_RECORD]);
  });

  it.each(['auto', 'json'])('is refused by %s where it is one line, with what to do', (format) => {
    const reader = chosenFormat(format, { forwarded: 'http_x_forwarded_for' }).format;
    const outcome = reader.read(`[${record},${record}]`);
    expect(outcome).toBeInstanceOf(LineRefusal);
    expect((outcome as LineRefusal).reason).toContain('jq -c ".[]"');
  });
});
