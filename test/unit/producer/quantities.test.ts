import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventIntake } from '../../../producer/event-intake.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { Committed, temporaryFolder } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const AT = Date.UTC(2024, 2, 7, 11, 5, 1);

/** What a file's readings are: the sensor, and the value. */
async function read(text: string) {
  const committed = new Committed();
  await writeFile(folder.path('plant.csv'), text);
  await committed.read(folder.path('plant.csv'), { service: 'plant' });
  const readings = committed.batches.flatMap((batch) => batch.readings);
  return {
    readings: readings.map(({ sensor_id, value }) => [sensor_id, value]),
    times: new Set(readings.map(({ timestamp }) => timestamp)),
    refused: committed.badLines.map(({ reason }) => reason.split(':')[0]),
    positions: committed.badLines.length + committed.batches.length,
  };
}

describe('numbers that are neither temperature nor pressure are series of their own', () => {
  it.each<[what: string, text: string, readings: unknown[][]]>([
    ['a time and a value', 'timestamp,value\n2024-03-07 11:05:01,73.96\n', [['plant', 73.96]]],
    [
      'the verdict of whoever made the data is none',
      '"TimeStamp","Value","Label"\n"2024-03-07T11:05:01Z","0.5","1"\n',
      [['plant', 0.5]],
    ],
    [
      'a column for each, between semicolons, with commas before decimals',
      'datetime;Current;Volume Flow RateRMS;anomaly\n2024-03-07 11:05:01;1,25;32,0;0.0\n',
      [
        ['plant/current', 1.25],
        ['plant/volume_flow_raterms', 32],
      ],
    ],
    [
      'a machine and columns',
      'time,machine,vibration,load,operator\n2024-03-07T11:05:01Z,pump-1,0.2,7,Ada\n',
      [
        ['pump-1/vibration', 0.2],
        ['pump-1/load', 7],
      ],
    ],
    [
      'a row for each quantity',
      'time,device,metric,value,unit\n2024-03-07T11:05:01Z,pump-1,flow,4.5,l/s\n',
      [['pump-1/flow', 4.5]],
    ],
    [
      'a value that is missing costs itself',
      'time,machine,vibration,load\n2024-03-07T11:05:01Z,pump-1,,7\n2024-03-07T11:05:01Z,pump-1,n/a,8\n',
      [
        ['pump-1/load', 7],
        ['pump-1/load', 8],
      ],
    ],
    ['JSON', '{"machine":"pump-1","vibration":0.2,"seq":17,"time":1709809501}\n', [['pump-1/vibration', 0.2]]],
    [
      'JSON with what was read within',
      '{"deviceId":"pump-1","ts":1709809501,"values":{"flow":4.5,"rpm":1400}}\n',
      [
        ['pump-1/flow', 4.5],
        ['pump-1/rpm', 1400],
      ],
    ],
    ['JSON of one value', '{"metric":"queue.depth","value":12,"timestamp":1709809501}\n', [['queue.depth', 12]]],
    [
      'beside a temperature',
      '{"sensor_id":"boiler-1","temperature":40,"flow":0.2,"timestamp":1709809501}\n',
      [
        ['boiler-1', null],
        ['boiler-1/flow', 0.2],
      ],
    ],
    [
      "InfluxDB's line protocol",
      'cpu,cpu=cpu0,host=web-1 usage_user=12.5,usage_system=3i 1709809501000000000\n',
      [
        ['web-1/cpu0/cpu/usage_user', 12.5],
        ['web-1/cpu0/cpu/usage_system', 3],
      ],
    ],
    [
      'a point of Telegraf in JSON',
      '{"fields":{"usage_user":12.5},"name":"cpu","tags":{"cpu":"cpu0","host":"web-1"},"timestamp":1709809501}\n',
      [['web-1/cpu0/cpu/usage_user', 12.5]],
    ],
    ["Graphite's lines", 'servers.web-1.load 0.42 1709809501\n', [['servers.web-1.load', 0.42]]],
    ["Graphite's lines with tags", 'load;host=web-1 -1.5e3 1709809501\n', [['load;host=web-1', -1500]]],
    ['times since 1970', 'epoch,value\n1709809501.000,0.3\n', [['plant', 0.3]]],
    [
      'states of Home Assistant',
      'entity_id,state,last_changed\nsensor.hall_humidity,45.2,2024-03-07T11:05:01.000Z\n',
      [['sensor.hall_humidity', 45.2]],
    ],
    [
      'what The Things Stack hands on',
      '{"end_device_ids":{"device_id":"soil-1"},"received_at":"2024-03-07T11:05:01Z","uplink_message":{"f_port":1,"decoded_payload":{"moisture":31.5}}}\n',
      [['soil-1/moisture', 31.5]],
    ],
    [
      'what ChirpStack hands on',
      '{"time":"2024-03-07T11:05:01Z","deviceInfo":{"deviceName":"soil-1"},"fCnt":7,"object":{"moisture":31.5}}\n',
      [['soil-1/moisture', 31.5]],
    ],
    [
      'a value of OPC UA',
      '{"NodeId":"ns=2;s=Speed","Value":4.5,"SourceTimestamp":"2024-03-07T11:05:01Z","Status":"Good"}\n',
      [['ns=2;s=Speed', 4.5]],
    ],
    ['a point with one value', 'load,host=web-1 value=0.7 1709809501000000000\n', [['web-1/load', 0.7]]],
  ])('%s', async (_, text, readings) => {
    const answer = await read(text);
    expect(answer.readings).toEqual(readings);
    expect(answer.refused).toEqual([]);
    expect([...answer.times]).toEqual([AT]);
  });

  it('a row is taken with all of its readings, or not at all', async () => {
    const { readings, refused } = await read(
      'time,machine,flow,load\nnever,pump-1,1,2\n2024-03-07T11:05:01Z,pump-1,3,4\n',
    );
    expect(readings).toEqual([
      ['pump-1/flow', 3],
      ['pump-1/load', 4],
    ]);
    expect(refused).toEqual(['wrong-timestamp']);
  });

  it('a row without a number says so', async () => {
    const { readings, refused } = await read('time,value\n2024-03-07T11:05:01Z,1\n2024-03-07T11:05:02Z,\n');
    expect(readings).toEqual([['plant', 1]]);
    expect(refused).toEqual(['no-measurement']);
  });

  it.each([
    ['a table with texts that name nothing known', 'time,customer,amount\n2024-03-07T11:05:01Z,Ada,12.5\n'],
    ['an object of nobody', '{"time":1709809501,"amount":12.5}\n'],
    ['an object without a time', '{"machine":"pump-1","flow":1}\n'],
  ])('are not guessed in %s', async (_, text) => {
    const { readings, refused } = await read(text);
    expect(readings).toEqual([]);
    expect(refused).toHaveLength(1);
  });

  it('what others send is as what stands in files', () => {
    const { format } = chosenFormat('auto');
    const defaults = { host: 'unknown', server: 'unknown', service: 'unknown', maxFutureMs: 3_600_000 };
    const intake = new EventIntake(format, defaults);
    intake.addLine('{"machine":"pump-1","flow":1,"load":2,"time":1709809501}', 'here');
    expect(intake.take().readings.map(({ sensor_id, value }) => [sensor_id, value])).toEqual([
      ['pump-1/flow', 1],
      ['pump-1/load', 2],
    ]);
  });
});
