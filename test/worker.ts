import { afterAll } from 'vitest';

/** Ends a worker whose run was ended by a signal: it would go on with its tests, unseen, for as long as they last. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

// A worker runs this before each of its files.
if (process.listenerCount('disconnect') === 0) process.once('disconnect', end);

const environment = { ...process.env };
/** The next file in the same worker finds the environment as this one did. */
afterAll(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  for (const [name, value] of Object.entries(environment)) if (process.env[name] !== value) process.env[name] = value;
});
