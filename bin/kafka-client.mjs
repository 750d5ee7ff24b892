/**
 * Makes the Kafka client's native part, which only those who use Kafka need: `npm run setup:kafka`, and before that
 * whatever first connects to Kafka.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, loads, locked, orEnd, ROOT, SetUpError, step } from './steps.mjs';

const CLIENT = '@confluentinc/kafka-javascript';
const FOLDER = join(ROOT, 'node_modules', CLIENT);
const BINARY = join(FOLDER, 'build/Release/confluent-kafka-javascript.node');
const DOWNLOADER = join(ROOT, 'node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp');
const STAMP = join(FOLDER, '.millrace-setup');
/** A binary fits one version of Node's interface for native code. */
const FITS = `${process.versions.modules} ${process.platform} ${process.arch}`;
const HOW_TO =
  'What is needed: the ready-made binary from github.com, or a C++ compiler, make, Python 3 and the headers of OpenSSL ' +
  'to build it (Debian: apt-get install build-essential python3 libssl-dev). Then `npm run setup:kafka` makes it. ' +
  'Without it everything but Kafka works.';

function isReady() {
  return existsSync(BINARY) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === FITS;
}

/** @throws SetUpError */
export async function setUpKafkaClient() {
  if (isReady()) return;
  await locked(async () => {
    if (!isReady()) await make();
  });
}

async function make() {
  if (!existsSync(FOLDER)) {
    throw new SetUpError(
      `the Kafka client is not installed; \`npm install --no-save --ignore-scripts ${CLIENT}\` does that`,
    );
  }
  if (!existsSync(BINARY) || !(await loads(CLIENT))) {
    const startedAt = performance.now();
    process.stderr.write('getting the Kafka client, which Kafka is reached with (once)…\n');
    await download().catch(build);
    if (!(await loads(CLIENT))) throw new SetUpError(`the Kafka client was made, but does not load. ${HOW_TO}`);
    process.stderr.write(`the Kafka client is there after ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  }
  writeFileSync(STAMP, FITS);
}

/** Its install script would go on to a build with what it downloads as well. */
async function download() {
  rmSync(join(FOLDER, 'build'), { recursive: true, force: true });
  await step(process.execPath, [DOWNLOADER, 'install', '-C', FOLDER], 'the download');
}

async function build(error) {
  if (error.exitCode !== 1) throw error;
  process.stderr.write(
    "its ready-made binary cannot be had here: building it with the system's libraries (1-3 minutes)…\n",
  );
  try {
    const env = { ...process.env, CKJS_LINKING: 'dynamic' };
    await step('npm', ['rebuild', CLIENT, '--ignore-scripts=false'], 'the build of the Kafka client', {
      env,
      shown: errorsIn,
    });
  } catch (failure) {
    if (failure.exitCode !== 1) throw failure;
    throw new SetUpError(`${failure.message}\n${HOW_TO}`);
  }
}

/** Of a build's hundreds of lines those that say what is wrong, and where npm keeps all. */
function errorsIn(lines) {
  const errors = lines.filter((line) =>
    /\berror:|not found|no such file|gyp ERR! (stack|find)|complete log/i.test(line),
  );
  return errors.length > 0 ? errors : lines;
}

if (isMain(import.meta.url)) await orEnd(setUpKafkaClient);
