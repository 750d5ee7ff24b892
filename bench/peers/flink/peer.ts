import { fileURLToPath } from 'node:url';
import { Downloads } from '../../../stack/downloads.js';
import { requireJava } from '../../../stack/java.js';
import type { GoalConfig } from '../../../topology/goals/goal-config.js';
import { ALL, GOAL_1, type Peer, type Setup, type Workplace } from '../peer.js';
import { compileJava, goalArguments } from '../programs.js';

const NAME = 'flink';
const SOURCES = new URL('./', import.meta.url);
const CONFIG = fileURLToPath(new URL('./flink.properties', SOURCES));
/** Flink's own start scripts open these modules of Java 17 to it. */
const OPENED = ['java.lang', 'java.util', 'java.util.concurrent', 'java.time', 'java.nio', 'sun.nio.ch'];
const JAVA_OPTIONS = [
  '-Xmx1g',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
];
const GRACE_MS = 5000;

interface Options {
  readonly api: 'datastream' | 'sql';
  readonly state: 'hashmap' | 'rocksdb';
}

export const flink: Peer = {
  name: NAME,

  async prepare(place: Workplace) {
    await requireJava();
    const downloads = new Downloads(place.cacheDirectory, { signal: place.signal, poms: SOURCES });
    const libraries = await downloads.jars(NAME, () => place.onDownload(NAME));
    const classes = await compileJava(SOURCES, libraries, place, NAME);
    const setup = (name: string, goals: GoalConfig['goals'], { api, state }: Options): Setup => ({
      peer: NAME,
      name,
      goals,
      ends: true,
      launch: (start) => ({
        program: 'java',
        args: [
          ...[...JAVA_OPTIONS, '-cp', `${classes}:${libraries}/*`, 'millrace.peers.flink.Main'],
          ...goalArguments(place, start, goals, { config: CONFIG, grace: GRACE_MS, api, state }),
        ],
      }),
    });
    return [
      setup('goal 1, exactly-once, heap', GOAL_1, { api: 'datastream', state: 'hashmap' }),
      setup('all four, exactly-once, heap', ALL, { api: 'datastream', state: 'hashmap' }),
      setup('goal 1, exactly-once, RocksDB', GOAL_1, { api: 'datastream', state: 'rocksdb' }),
      setup('all four, exactly-once, RocksDB', ALL, { api: 'datastream', state: 'rocksdb' }),
      setup('all four, exactly-once, SQL, heap', ALL, { api: 'sql', state: 'hashmap' }),
      setup('all four, exactly-once, SQL, RocksDB', ALL, { api: 'sql', state: 'rocksdb' }),
    ];
  },
};
