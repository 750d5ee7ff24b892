import { EmbeddedLog } from '@millrace/streams/embedded';
import { describe, expect, it } from 'vitest';
import { BesideLog } from '../../../app/log/beside-log.js';

describe('a log for what is written beside the work', () => {
  it('is opened by its first use alone, and anew where that failed', async () => {
    let opened = 0;
    const beside = new BesideLog(async () => {
      opened++;
      if (opened === 1) throw new Error('away');
      return EmbeddedLog.inMemory();
    });
    await expect(beside.use(async () => {})).rejects.toThrow('away');
    await beside.use(async () => {});
    await beside.use(async () => {});
    expect(opened).toBe(2);
    await beside.close();
    await expect(beside.use(async () => {})).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  });

  it('closes after what is being written, and what that has led to', async () => {
    const beside = new BesideLog(() => EmbeddedLog.inMemory());
    const done: string[] = [];
    let write: () => void = () => {};
    const first = beside.use(
      () =>
        new Promise<void>((resolve) => {
          write = () => {
            done.push('first');
            resolve();
          };
        }),
    );
    void first.then(() => beside.use(async () => void done.push('second')));
    // It has begun before it is closed.
    await new Promise((resolve) => setImmediate(resolve));
    const closing = beside.close();
    write();
    await closing;
    expect(done).toEqual(['first', 'second']);
  });

  it('closes in bounded time though a write does not end', async () => {
    const beside = new BesideLog(() => EmbeddedLog.inMemory());
    void beside.use(() => new Promise(() => {}));
    const startedAt = performance.now();
    await beside.close();
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
