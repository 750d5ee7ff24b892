/**
 * How long a newcomer waits: `npm run bench:first-start`. Clones this repository, runs `npm start` in the clone, with an
 * empty cache of npm unless --warm, and times its lines up to the one, of one each 5 s, that first counts an alert. What
 * is not committed is not in it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WITHIN_MS = 600_000;
/** In the line that tells how the pipeline does. */
const ALERT = /goal [12]: [1-9]/;

const { values } = parseArgs({
  options: { warm: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } },
});

/** Seconds from the start of the clone to each line that tells of a step. */
interface Times {
  readonly cloned: number;
  /** When the build began: all is installed. */
  readonly installed: number;
  readonly alert: number;
}

async function firstStart(directory: string): Promise<Times> {
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const clone = join(directory, 'clone');
  const { status, stderr } = spawnSync('git', ['clone', '--quiet', ROOT, clone], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`git clone failed: ${stderr}`);
  const cloned = seconds();
  const cache = values.warm ? {} : { npm_config_cache: join(directory, 'npm-cache') };
  const program = spawn('npm', ['start'], {
    cwd: clone,
    env: { ...process.env, ...cache, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Of its own group, for npm does not pass on every signal.
    detached: true,
  });
  const ended = new Promise((resolve) => program.on('close', resolve));
  const told: string[] = [];
  const timer = setTimeout(() => end(program.pid), WITHIN_MS);
  let installed: number | undefined;
  const alert = await new Promise<number | undefined>((resolve) => {
    for (const stream of [program.stdout, program.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        told.push(line);
        if (line.startsWith('building')) installed = seconds();
        if (ALERT.test(line)) resolve(seconds());
      });
    }
    void ended.then(() => resolve(undefined));
  });
  clearTimeout(timer);
  end(program.pid);
  await ended;
  if (alert === undefined || installed === undefined) {
    throw new Error(`no alert came:\n${told.join('\n')}`);
  }
  return { cloned, installed, alert };
}

function end(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

for (let round = 1; round <= Number(values.rounds); round++) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-first-start-'));
  try {
    const { alert, cloned, installed } = await firstStart(directory);
    const steps = [
      `clone ${cloned.toFixed(1)} s`,
      `install ${(installed - cloned).toFixed(1)} s`,
      `build, start and first alert ${(alert - installed).toFixed(1)} s`,
    ];
    process.stdout.write(`${round}: ${alert.toFixed(1)} s (${steps.join(', ')})\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
