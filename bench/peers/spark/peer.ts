import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Downloads } from '../../../stack/downloads.js';
import { requireJava } from '../../../stack/java.js';
import { StackError } from '../../../stack/stack-error.js';
import type { GoalConfig } from '../../../topology/goals/goal-config.js';
import { ALL, GOAL_1, type Peer, type Setup, type Workplace } from '../peer.js';
import { goalArguments } from '../programs.js';

const NAME = 'spark';
const SOURCES = new URL('./', import.meta.url);
const PROGRAM = fileURLToPath(new URL('./goals.py', import.meta.url));
const CONFIG = fileURLToPath(new URL('./spark.properties', import.meta.url));
const GRACE_MS = 5000;

export const spark: Peer = {
  name: NAME,

  async prepare(place: Workplace) {
    await requireJava();
    const downloads = new Downloads(place.cacheDirectory, { signal: place.signal, poms: SOURCES });
    const libraries = await downloads.jars(NAME, () => place.onDownload(NAME));
    const python = await downloads.pythonPackage('pyspark', await sparkVersion(), () => place.onDownload('pyspark'));
    const jars = (await readdir(libraries)).map((jar) => join(libraries, jar)).join(',');
    const setup = (name: string, goals: GoalConfig['goals'], others: Readonly<Record<string, number>> = {}): Setup => ({
      peer: NAME,
      name,
      goals,
      ends: true,
      launch: (start) => ({
        program: join(python, 'bin', 'spark-submit'),
        args: [
          ...['--properties-file', CONFIG, '--jars', jars, '--conf', `spark.local.dir=${start.directory}`, PROGRAM],
          ...goalArguments(place, start, goals, { grace: GRACE_MS, ...others }),
        ],
        env: { PYTHONPATH: python, SPARK_HOME: join(python, 'pyspark'), PYSPARK_PYTHON: 'python3' },
      }),
    });
    return [
      setup('goal 1, at-least-once', GOAL_1),
      setup('all four, at-least-once', ALL),
      setup('all four, at-least-once, batches of 50,000', ALL, { batch: 50_000 }),
    ];
  },
};

/** The Python package is to be of the jars' version. */
async function sparkVersion(): Promise<string> {
  const version = /<spark\.version>(.*)<\/spark\.version>/.exec(
    await readFile(new URL(`${NAME}.xml`, SOURCES), 'utf8'),
  )?.[1];
  if (version === undefined) throw new StackError('DOWNLOAD_FAILED', `${NAME}.xml names no version of Spark`);
  return version;
}
