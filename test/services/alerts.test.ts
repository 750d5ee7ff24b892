import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Millrace, temporaryDirectory } from '../integration/millrace.js';
import { Receiver } from '../unit/notify/receiver.js';

interface Told {
  readonly type: string;
  readonly data: {
    readonly incidents: readonly { readonly id: string; readonly updated: number; readonly opened: number }[];
  };
}

let receiver: Receiver;
let directory: { readonly path: string; remove(): Promise<void> };
beforeEach(async () => {
  receiver = await Receiver.start();
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await receiver.stop();
  await directory.remove();
});

const WAIT = { timeout: 90_000, interval: 100 };

describe('millrace start --webhook', () => {
  it('tells each incident of the simulated faults once, though it is killed in between', {
    timeout: 240_000,
  }, async () => {
    const args = [
      'start',
      '--webhook',
      receiver.url,
      '--data-dir',
      directory.path,
      '--http',
      '127.0.0.1:0',
      '--seed',
      '7',
    ];
    const first = new Millrace(args);
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(0), WAIT);
    await first.kill('SIGKILL');
    const before = receiver.received.length;
    const second = new Millrace(args);
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(before), WAIT);
    await second.kill('SIGTERM');
    // By incident and kind of news, the keys under which it came: a call that was repeated has the key of before.
    const keys = new Map<string, Set<string>>();
    for (const { body, headers } of receiver.received) {
      const { data, type } = JSON.parse(body) as Told;
      for (const { id } of data.incidents) {
        const news = `${type} ${id}`;
        keys.set(news, (keys.get(news) ?? new Set()).add(String(headers['idempotency-key'])));
      }
    }
    const twice = [...keys].filter(([news, { size }]) => news.startsWith('incident.opened') && size > 1);
    expect(twice).toEqual([]);
  });
});
