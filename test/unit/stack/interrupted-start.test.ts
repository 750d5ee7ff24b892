import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePorts } from '../../../stack/ports.js';
import { Stack } from '../../../stack/stack.js';

it('a start that is interrupted while it downloads remembers the ports that were chosen', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-stack-'));
  try {
    const ports = await freePorts();
    const stack = await Stack.open({ directory, cacheDirectory: join(directory, 'cache'), ports });
    const up = stack.up(['registry'], { signal: AbortSignal.abort() });
    await expect(up).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const again = await Stack.open({ directory });
    expect(again.addresses.registryUrl).toContain(`http://127.0.0.1:${ports.registry}/`);
    expect(again.addresses.brokers).toBe(`127.0.0.1:${ports.kafka}`);
    // Those that were not to be started have no ports yet.
    expect(again.addresses.influxUrl).not.toContain(`:${ports.influxdb}`);
    expect((await again.status()).map(({ state }) => state)).toEqual(Array(5).fill('stopped'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
