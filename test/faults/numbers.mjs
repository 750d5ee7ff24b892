/**
 * An application whose results tell every loss and every doubling of a record: numbers are passed on, counted by key in
 * a store that also deletes, and counted by group behind a repartition. Plain Node over dist/: it is run, killed and
 * started again as a process of its own. `numbers.ts` feeds it and knows what must come out.
 *
 * node numbers.mjs '{"brokers":…,"registry":…,"dataDir":…,"partitions":4,"keys":40,"lap":25,"groups":7}'
 *
 * With `feedTo` it also writes the numbers, up to that one; with `drain` it ends when all are processed.
 */
import { isInterruption } from '../../dist/app/log/interrupted.js';
import { connect } from '../../dist/cli/options/connection.js';
import { stopOnSignals } from '../../dist/cli/terminal/interruption.js';
import { keyValueStore, numberSerde, Streams, StreamsBuilder, stringSerde } from '../../dist/streams/index.js';

const FEED_NUMBERS = 20;
const FEED_INTERVAL_MS = 20;

const { partitions, lap, groups, keys, feedTo, drain, ...connection } = JSON.parse(process.argv[2]);
const stop = new AbortController();
const stopped = new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
stopOnSignals(stop);

function topology() {
  const builder = new StreamsBuilder();
  const numbers = builder.stream('numbers', { key: stringSerde, value: numberSerde });
  numbers.to('numbers-passed');
  const laps = keyValueStore({ name: 'laps', keySerde: stringSerde, valueSerde: numberSerde, cachedEntries: 10 });
  const counting = () => {
    let context;
    return {
      init: (given) => {
        context = given;
      },
      process: ({ key, timestamp }) => {
        const store = context.stateStore('laps');
        const count = (store.get(key) ?? 0) + 1;
        if (count === lap) store.delete(key);
        else store.put(key, count);
        context.forward({ key, value: count, timestamp });
      },
    };
  };
  numbers.process(counting, { stores: [laps] }).to('numbers-counted', { key: stringSerde, value: numberSerde });
  numbers
    .groupBy((_key, value) => `group-${value % groups}`, { key: stringSerde })
    .count({ name: 'numbers-by-group' })
    .toStream()
    .to('numbers-grouped', { key: stringSerde, value: numberSerde });
  return builder.build();
}

/** Appends the numbers that are not there yet; where one process has the log, their offsets say how many are. */
async function feed(log) {
  const ends = await Promise.all(
    Array.from({ length: partitions }, (_, partition) => log.endOffset({ topic: 'numbers', partition })),
  );
  let number = ends.reduce((sum, end) => sum + end, 0);
  while (number < feedTo && !stop.signal.aborted) {
    const transaction = log.transaction();
    for (const last = Math.min(feedTo, number + FEED_NUMBERS); number < last; number++) {
      const key = number % keys;
      const value = numberSerde.serialize('numbers', number);
      transaction.append('numbers', key % partitions, Date.now(), Buffer.from(`key-${key}`), value);
    }
    await transaction.commit();
    await Promise.race([new Promise((resolve) => setTimeout(resolve, FEED_INTERVAL_MS)), stopped]);
  }
}

async function run() {
  const { log, stateDirectory, close } = await connect(
    { autoRegister: true, ...connection },
    { runs: 'tasks' },
    stop.signal,
  );
  try {
    for (const topic of ['numbers', 'numbers-passed', 'numbers-counted', 'numbers-grouped']) {
      await log.ensureTopic(topic, { partitions });
    }
    const streams = new Streams(topology(), { applicationId: 'numbers', log, stateDirectory });
    streams.onStateChange((state) => {
      if (state === 'ERROR') stop.abort();
    });
    await streams.start();
    if (feedTo !== undefined) await feed(log);
    await (drain ? Promise.race([streams.drain(), stopped]) : stopped);
    await streams.close();
  } finally {
    await close();
  }
}

try {
  await run();
} catch (error) {
  if (!isInterruption(error)) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
