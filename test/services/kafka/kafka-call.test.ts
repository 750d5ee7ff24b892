import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { callsUnderWay } from '../../../streams/log/kafka/calls-under-way.js';
import { type Callback, call, UnansweredCallError } from '../../../streams/log/kafka/kafka-call.js';
import { LogError } from '../../../streams/log/log.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a call that does not come back is given up in its time, and counted until it comes back after all', async () => {
  let answer: Callback<number> = () => {};
  const onLate = vi.fn();
  const asked = call<number>(
    (done) => {
      answer = done;
    },
    { what: 'sendOffsetsToTransaction', withinMs: 13_000, onLate },
  );
  const failed = expect(asked).rejects.toThrow(UnansweredCallError);
  const settled = vi.fn();
  asked.catch(settled);
  await vi.advanceTimersByTimeAsync(13_999);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await failed;
  await expect(asked).rejects.toThrow('the Kafka client has not answered for 13 s (sendOffsetsToTransaction)');
  expect(callsUnderWay()).toBe(1);
  answer(null, 1);
  expect(callsUnderWay()).toBe(0);
  expect(onLate).toHaveBeenCalledOnce();
});

it('closing cuts the wait for a call short, and says that the log is closed', async () => {
  const closing = new AbortController();
  const asked = call(() => {}, { closed: closing.signal });
  const failed = expect(asked).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  closing.abort(new LogError('LOG_CLOSED', 'closed'));
  await vi.advanceTimersByTimeAsync(2000);
  await failed;
});

it('an answer in time leaves nothing behind', async () => {
  expect(await call<number>((done) => done(null, 7))).toBe(7);
  await expect(
    call(() => {
      throw new Error('not connected');
    }),
  ).rejects.toThrow('not connected');
  expect(vi.getTimerCount()).toBe(0);
});
