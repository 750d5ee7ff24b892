import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type EventBatch, readLogs } from '../../../producer/log-source.js';
import { sourceOptions, temporaryFolder } from './log-inputs.js';

async function read(...lines: readonly string[]): Promise<EventBatch> {
  const folder = await temporaryFolder();
  try {
    await writeFile(folder.path('cellar'), lines.map((line) => `${line}\n`).join(''));
    const batches: EventBatch[] = [];
    const options = sourceOptions(folder.path('cellar'), { details: () => true, service: 'cellar' });
    for await (const batch of readLogs(options)) batches.push(batch);
    const [batch, ...others] = batches;
    if (batch === undefined || others.length > 0) throw new Error(`the lines give ${batches.length} batches`);
    return batch;
  } finally {
    await folder.remove();
  }
}

const AT = Date.UTC(2024, 2, 7, 11, 5, 1);

/** A line of each writer, and what is in it. */
const SERVICES: Readonly<Record<string, { line: string; says: Record<string, unknown> }>> = {
  'an OTLP record': {
    line: '{"timeUnixNano":"1709809501000000000","severityNumber":17,"body":{"stringValue":"boom"},"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]}',
    says: { service: 'cart', level: 'ERROR', message: 'boom' },
  },
  'a request of OTLP': {
    line: '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1709809501000000000","severityNumber":13,"body":{"stringValue":"slow"}}]}]}]}',
    says: { service: 'cart', level: 'WARN', message: 'slow' },
  },
  'an OTLP record without a severity, whose body is a line': {
    line: '{"timeUnixNano":"1709809501000000000","body":{"stringValue":"2024-03-07T11:05:01Z ERROR boom"}}',
    says: { level: 'ERROR', message: 'boom' },
  },
  'Google Cloud': {
    line: '{"jsonPayload":{"message":"no stock"},"resource":{"labels":{"container_name":"cart","pod_name":"cart-1"}},"severity":"ERROR","timestamp":"2024-03-07T11:05:01Z"}',
    says: { service: 'cart', source: 'cart-1', level: 'ERROR', message: 'no stock' },
  },
  'Monolog, with its own numbers and the time as PHP has it': {
    line: '{"message":"boom","level":400,"level_name":"ERROR","datetime":{"date":"2024-03-07 11:05:01.000000","timezone_type":3,"timezone":"UTC"}}',
    says: { level: 'ERROR', message: 'boom' },
  },
  'a level between two with names': {
    line: '{"time":"2024-03-07T11:05:01Z","level":"ERROR+2","msg":"boom"}',
    says: { level: 'ERROR', message: 'boom' },
  },
  "Rust's tracing": {
    line: '{"timestamp":"2024-03-07T11:05:01Z","level":"WARN","fields":{"message":"slow"},"target":"shop::cart"}',
    says: { level: 'WARN', message: 'slow', attributes: { logger: 'shop::cart' } },
  },
  lograge: {
    line: '{"method":"GET","path":"/cart","controller":"Cart","action":"show","status":500,"duration":58.33,"@timestamp":"2024-03-07T11:05:01Z"}',
    says: { level: 'ERROR', message: 'GET /cart 500', endpoint: '/cart', status: 500, response_time: 58.33 },
  },
  "Lambda's report": {
    line: '{"time":"2024-03-07T11:05:01Z","type":"platform.report","record":{"requestId":"r-1","metrics":{"durationMs":102.2},"status":"error"}}',
    says: { level: 'ERROR', message: 'platform.report', response_time: 102.2, request_id: 'r-1' },
  },
  "Lambda's stream": {
    line: '2024-03-07T11:05:01+00:00 2024/03/07/[$LATEST]abc [ERROR] 2024-03-07T11:05:01Z r-1 boom',
    says: { level: 'ERROR', source: '2024/03/07/[$LATEST]abc' },
  },
  'a file whose name is before its lines': {
    line: 'nova-compute.log.1.2017-05-16_13:55:31 2024-03-07 11:05:01.000 2931 WARNING disk is full',
    says: { service: 'nova-compute', level: 'WARN' },
  },
  sudo: {
    line: '2024-03-07T11:05:01+00:00 web1 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/ls',
    says: { service: 'sudo', source: 'web1' },
  },
  Sidekiq: {
    line: '2024-03-07T11:05:01Z pid=42 tid=abc class=PayJob WARN: slow',
    says: { level: 'WARN', message: 'slow', attributes: { pid: '42', tid: 'abc', class: 'PayJob' } },
  },
  Kafka: {
    line: '[2024-03-07 11:05:01,000] ERROR no space left (kafka.server.LogDirs)',
    says: { level: 'ERROR', message: 'no space left', attributes: { logger: 'kafka.server.LogDirs' } },
  },
  'Home Assistant': {
    line: '2024-03-07 11:05:01.000 ERROR (MainThread) [homeassistant.core] boom',
    says: { level: 'ERROR', message: 'boom', attributes: { logger: 'homeassistant.core' } },
  },
  BIND: {
    line: '07-Mar-2024 11:05:01.000 general: error: zone is gone',
    says: { level: 'ERROR', message: 'zone is gone', attributes: { logger: 'general' } },
  },
  "Linux's audit": {
    line: 'type=USER_LOGIN msg=audit(1709809501.000:24288): pid=3280 res=failed',
    says: { message: 'pid=3280 res=failed', attributes: { logger: 'USER_LOGIN' } },
  },
  "Blue Gene's": {
    line: '- 1709809501 2024.03.07 R02-M1 2024-03-07-11.05.01.675872 R02-M1 RAS KERNEL FATAL data TLB error',
    says: { level: 'CRITICAL', source: 'R02-M1', message: 'data TLB error' },
  },
  'a cluster of Linux machines': {
    line: '- 1709809501 2024.03.07 dn228 Mar 7 11:05:01 dn228/dn228 crond[2915]: session closed',
    says: { service: 'crond', source: 'dn228', message: 'session closed' },
  },
  "Hadoop's file system": {
    line: '240307 110501 143 WARN dfs.DataNode: block is gone',
    says: { level: 'WARN', message: 'block is gone', attributes: { logger: 'dfs.DataNode' } },
  },
  "Windows' servicing": {
    line: '2024-03-07 11:05:01, Error                 CBS    package is damaged',
    says: { level: 'ERROR', message: 'package is damaged', attributes: { logger: 'CBS' } },
  },
};

describe('a line of a service', () => {
  it.each(Object.entries(SERVICES))('of %s', async (_, { line, says }) => {
    const { badLines, serviceLogs } = await read(line);
    expect(badLines.map(({ reason }) => reason)).toEqual([]);
    expect(serviceLogs).toHaveLength(1);
    expect(serviceLogs[0]).toMatchObject({ timestamp: AT, service: 'cellar', ...says });
  });

  it("of Erlang's has its message in the lines behind", async () => {
    const { serviceLogs } = await read('=ERROR REPORT==== 7-Mar-2024::11:05:01 ===', 'connection closed', '{timeout}');
    expect(serviceLogs).toMatchObject([{ timestamp: AT, level: 'ERROR', message: 'connection closed\n{timeout}' }]);
  });
});

/** A line of each sensor's, and what it reads. */
const READINGS: Readonly<
  Record<string, { line: string; reads: Record<string, unknown>; more?: Record<string, unknown>[] }>
> = {
  Tasmota: {
    line: '{"Time":"2024-03-07T11:05:01","BME280":{"Temperature":21.5,"Humidity":45.2,"Pressure":1013.2}}',
    reads: { temperature: 21.5, pressure: 1013.2 },
  },
  'Tasmota in Fahrenheit': {
    line: '{"Time":"2024-03-07T11:05:01","DS18B20":{"Temperature":70.7},"TempUnit":"F"}',
    reads: { temperature: 21.5, pressure: null },
  },
  mosquitto_sub: {
    line: '2024-03-07T11:05:01+0000 tele/boiler/SENSOR {"Time":"2024-03-07T11:05:01","BME280":{"Temperature":21.5}}',
    reads: { sensor_id: 'boiler', temperature: 21.5 },
  },
  Zigbee2MQTT: {
    line: '{"humidity":45.2,"temperature":21.5,"device":{"friendlyName":"living"},"last_seen":"2024-03-07T11:05:01Z"}',
    reads: { sensor_id: 'living', temperature: 21.5 },
    more: [{ sensor_id: 'living/humidity', value: 45.2 }],
  },
  Shelly: {
    line: '{"src":"ht-1","method":"NotifyStatus","params":{"ts":1709809501,"temperature:0":{"id":0,"tC":21.5,"tF":70.7}}}',
    reads: { sensor_id: 'ht-1', temperature: 21.5 },
  },
  'Home Assistant': {
    line: '{"entity_id":"sensor.boiler_temperature","state":"70.7","attributes":{"unit_of_measurement":"°F","device_class":"temperature"},"last_changed":"2024-03-07T11:05:01Z"}',
    reads: { sensor_id: 'sensor.boiler_temperature', temperature: 21.5 },
  },
  SenML: {
    line: '{"bn":"urn:dev:1:","bt":1709809501,"e":[{"n":"temperature","u":"Cel","v":21.5}]}',
    reads: { sensor_id: 'urn:dev:1', temperature: 21.5 },
  },
  'a list of metrics': {
    line: '{"deviceId":"b-1","ts":1709809501000,"metrics":[{"name":"temperature","value":21.5},{"name":"pressure","value":2.1}]}',
    reads: { sensor_id: 'b-1', temperature: 21.5, pressure: 2.1 },
  },
  'a value with its unit': {
    line: '{"device":"b-1","time":1709809501,"temperature":{"value":294.65,"unit":"K"}}',
    reads: { sensor_id: 'b-1', temperature: 21.5 },
  },
  'a value by its kind': {
    line: '{"sensorId":"b-1","time":1709809501,"type":"temperature","value":21.5}',
    reads: { sensor_id: 'b-1', temperature: 21.5, pressure: null },
  },
};

describe('a reading', () => {
  it.each(Object.entries(READINGS))('of %s', async (_, { line, more = [], reads }) => {
    const { badLines, readings } = await read(line);
    expect(badLines.map(({ reason }) => reason)).toEqual([]);
    expect(readings).toMatchObject([reads, ...more].map((one) => ({ timestamp: AT, ...one })));
  });

  it.each([
    [
      'time,temp_c,pressure_hpa',
      '1709809501,21.5,1013.2',
      { sensor_id: 'cellar', temperature: 21.5, pressure: 1013.2 },
    ],
    ['Timestamp,Sensor,Temperature [°F]', '2024-03-07 11:05:01,b-1,70.7', { sensor_id: 'b-1', temperature: 21.5 }],
    ['time,sensor,name,value', '1709809501,b-1,pressure,2.1', { sensor_id: 'b-1', temperature: null, pressure: 2.1 }],
    [
      'entity_id,state,last_changed',
      'sensor.boiler_temperature,21.5,2024-03-07T11:05:01Z',
      { sensor_id: 'sensor.boiler_temperature', temperature: 21.5 },
    ],
  ])('in CSV under %s', async (header, row, reads) => {
    const { badLines, readings } = await read(header, row);
    expect(badLines).toEqual([]);
    expect(readings).toMatchObject([{ timestamp: AT, ...reads }]);
  });

  it('is none where a request has a temperature, too', async () => {
    const line =
      '{"time":1709809501,"client_ip":"203.0.113.5","status":200,"path":"/chat","id":"r-1","model":"m","temp_c":1}';
    const { events, readings } = await read(line);
    expect(readings).toEqual([]);
    expect(events).toMatchObject([{ client_ip: '203.0.113.5', status: 200 }]);
  });
});

describe('a request', () => {
  it.each([
    [
      'Kong',
      '{"latencies":{"request":515},"request":{"uri":"/cart","headers":{"host":"shop.example"},"method":"GET"},"client_ip":"203.0.113.5","response":{"status":200,"size":9},"started_at":1709809501000}',
    ],
    [
      'APISIX',
      '{"client_ip":"203.0.113.5","start_time":1709809501000,"latency":515,"apisix_latency":1.5,"request":{"method":"GET","uri":"/cart","headers":{"host":"shop.example"}},"response":{"status":200}}',
    ],
    [
      "Azure's front door",
      '{"time":"2024-03-07T11:05:01Z","properties":{"httpMethod":"GET","requestUri":"https://shop.example/cart","clientIp":"203.0.113.5","timeTaken":"0.515","httpStatusCode":"200"}}',
    ],
  ])('of %s', async (_, line) => {
    const { badLines, events } = await read(line);
    expect(badLines.map(({ reason }) => reason)).toEqual([]);
    const asked = { client_ip: '203.0.113.5', method: 'GET', path: '/cart', host: 'shop.example' };
    expect(events).toMatchObject([{ timestamp: AT, ...asked, status: 200, request_time: 0.515 }]);
  });

  it("of Rails' is tied to its end by when it began, where another of its process never ended", async () => {
    const line = (at: string, text: string) => `I, [2024-03-07T11:05:${at} #42]  INFO -- : ${text}`;
    const started = (path: string) => `Started GET "${path}" for 203.0.113.5 at 2024-03-07 11:05:00 +0000`;
    const { events } = await read(
      line('01.000000', started('/never')),
      line('02.000000', started('/cart')),
      line('02.100000', 'Completed 200 OK in 100ms (Views: 1.0ms)'),
      // Two that began at once cannot be told apart.
      line('03.000000', started('/a')),
      line('03.001000', started('/b')),
      line('03.101000', 'Completed 200 OK in 100ms (Views: 1.0ms)'),
    );
    expect(events.map(({ path }) => path)).toEqual(['/cart']);
  });
});
