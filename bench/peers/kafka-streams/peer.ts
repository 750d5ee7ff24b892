import { fileURLToPath } from 'node:url';
import { Downloads } from '../../../stack/downloads.js';
import { requireJava } from '../../../stack/java.js';
import type { GoalConfig } from '../../../topology/goals/goal-config.js';
import { ALL, GOAL_1, type Peer, type Setup, type Workplace } from '../peer.js';
import { compileJava, goalArguments } from '../programs.js';

const NAME = 'kafka-streams';
const SOURCES = new URL('./', import.meta.url);
const CONFIG = fileURLToPath(new URL('./streams.properties', SOURCES));
const JAVA_OPTIONS = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/** Long enough that nothing is late while upstream tasks run at different paces. */
const AMPLE_GRACE_MS = 600_000;
const CONTRACT_GRACE_MS = 5000;

interface Options {
  readonly goals: GoalConfig['goals'];
  readonly guarantee: 'exactly_once_v2' | 'at_least_once';
  readonly graceMs: number;
}

export const kafkaStreams: Peer = {
  name: NAME,

  async prepare(place: Workplace) {
    await requireJava();
    const downloads = new Downloads(place.cacheDirectory, { signal: place.signal, poms: SOURCES });
    const libraries = await downloads.jars(NAME, () => place.onDownload(NAME));
    const classes = await compileJava(SOURCES, libraries, place, NAME);
    const setup = (name: string, { goals, graceMs, guarantee }: Options): Setup => ({
      peer: NAME,
      name,
      goals,
      ends: false,
      isComplete: graceMs === AMPLE_GRACE_MS,
      launch: (start) => ({
        program: 'java',
        args: [
          ...[...JAVA_OPTIONS, '-cp', `${classes}:${libraries}/*`, 'millrace.peers.streams.Main'],
          ...goalArguments(place, start, goals, { config: CONFIG, guarantee, grace: graceMs }),
        ],
      }),
    });
    const ample = { guarantee: 'exactly_once_v2', graceMs: AMPLE_GRACE_MS } as const;
    return [
      setup('goal 1, exactly-once, grace 600 s', { ...ample, goals: GOAL_1 }),
      setup('all four, exactly-once, grace 600 s', { ...ample, goals: ALL }),
      setup('all four, exactly-once, grace 5 s', { ...ample, goals: ALL, graceMs: CONTRACT_GRACE_MS }),
      setup('all four, at-least-once, grace 600 s', { ...ample, goals: ALL, guarantee: 'at_least_once' }),
    ];
  },
};
