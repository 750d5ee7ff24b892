/**
 * Reports sensors that have sent nothing for 30 s, and reports them again when they are back. It needs no disk:
 *
 *   npm run build
 *   node dist/examples/silent-sensors.js
 */
import {
  jsonSerde,
  keyValueStore,
  numberSerde,
  type ProcessorContext,
  type ProcessorSupplier,
  Streams,
  StreamsBuilder,
  stringSerde,
  type Topology,
} from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';

const SILENT_AFTER_MS = 30_000;
const CHECK_EVERY_MS = 10_000;

export interface SensorState {
  readonly state: 'silent' | 'back';
  /** Event time of the reading before the silence, in milliseconds since the epoch. */
  readonly lastHeard: number;
}

export const sensorStateSerde = jsonSerde<SensorState>();

interface Heard {
  readonly at: number;
  readonly isSilent: boolean;
}

/** One entry a sensor. It survives restarts, and moves with its task to other processes. */
const heardStore = keyValueStore({ name: 'heard', keySerde: stringSerde, valueSerde: jsonSerde<Heard>() });

/** The engine makes one for each task, which has the sensors of one partition. */
const silenceDetector: ProcessorSupplier<string, number, string, SensorState> = () => {
  let context: ProcessorContext<string, SensorState>;

  /** By stream time: a replay of last year's readings finds last year's silences. */
  async function findSilent(now: number): Promise<void> {
    const heard = context.stateStore(heardStore);
    for await (const [sensor, { at, isSilent }] of heard.all()) {
      if (isSilent || now - at < SILENT_AFTER_MS) continue;
      heard.put(sensor, { at, isSilent: true });
      context.forward({ key: sensor, value: { state: 'silent', lastHeard: at }, timestamp: now });
    }
  }

  return {
    init(given) {
      context = given;
      context.schedule(CHECK_EVERY_MS, 'stream-time', findSilent);
    },
    process({ key: sensor, timestamp }) {
      const heard = context.stateStore(heardStore);
      const before = heard.get(sensor);
      if (before?.isSilent) {
        context.forward({ key: sensor, value: { state: 'back', lastHeard: before.at }, timestamp });
      }
      heard.put(sensor, { at: Math.max(timestamp, before?.at ?? 0), isSilent: false });
    },
  };
};

export function silentSensors(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('readings', { key: stringSerde, value: numberSerde, nulls: 'skip' })
    .process(silenceDetector, { name: 'silence-detector', stores: [heardStore] })
    .to('sensor-states', { key: stringSerde, value: sensorStateSerde });
  return builder.build();
}

/** Three minutes of two sensors; the second one says nothing from the 40th second to the 120th. */
async function main(): Promise<void> {
  const log = await EmbeddedLog.inMemory();
  await log.ensureTopic('readings', { partitions: 1 });
  await log.ensureTopic('sensor-states', { partitions: 1 });

  const app = new Streams(silentSensors(), { applicationId: 'silent-sensors', log });
  await app.start();
  const start = Date.parse('2026-03-01T12:00:00Z');
  for (let second = 0; second < 180; second += 5) {
    const readings = log.transaction();
    const append = (sensor: string, celsius: number) => {
      const value = numberSerde.serialize('readings', celsius);
      readings.append('readings', 0, start + second * 1000, Buffer.from(sensor), value);
    };
    append('boiler', 68 + (second % 3));
    if (second < 40 || second >= 120) append('pump', 40 + (second % 2));
    await readings.commit();
    await app.drain();
  }
  await app.close();

  const consumer = log.consumer();
  consumer.assign({ topic: 'sensor-states', partition: 0 }, 0);
  for (let [batch] = await consumer.poll(0); batch !== undefined; [batch] = await consumer.poll(0)) {
    while (batch.next()) {
      const sensor = stringSerde.deserialize(batch.topic, batch.keyBytes, batch.keyStart, batch.keyEnd);
      const value = sensorStateSerde.deserialize(batch.topic, batch.valueBytes, batch.valueStart, batch.valueEnd);
      const time = (ms: number) => new Date(ms).toISOString().slice(11, 19);
      console.log(`${time(batch.timestamp)}  ${sensor} is ${value.state}; heard before at ${time(value.lastHeard)}`);
    }
  }
  await log.close();
}

if (process.argv[1] === import.meta.filename) await main();
