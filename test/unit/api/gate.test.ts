import { expect, it } from 'vitest';
import { Gate } from '../../../api/search/gate.js';

/** Something that ends when it is told to. */
function held() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, work: () => ended };
}

const never = new AbortController().signal;

it('lets in so many at a time, the others in their turn, and refuses when too many wait', async () => {
  const gate = new Gate(1, 2);
  const order: string[] = [];
  const first = held();
  const passed = [
    gate.pass(never, first.work),
    gate.pass(never, async () => order.push('second')),
    gate.pass(never, async () => order.push('third')),
  ];
  await expect(gate.pass(never, async () => {})).rejects.toMatchObject({ status: 503, code: 'too-many-searches' });
  expect(order).toEqual([]);
  first.end();
  await Promise.all(passed);
  expect(order).toEqual(['second', 'third']);
  await expect(gate.pass(never, async () => 'free again')).resolves.toBe('free again');
});

it('gives the place on when its work fails, and forgets who no longer waits', async () => {
  const gate = new Gate(1, 5);
  const first = held();
  const running = gate.pass(never, async () => {
    await first.work();
    throw new Error('it failed');
  });
  const gone = new AbortController();
  const left = gate.pass(gone.signal, async () => 'never');
  const next = gate.pass(never, async () => 'next');
  gone.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  first.end();
  await expect(running).rejects.toThrow('it failed');
  await expect(next).resolves.toBe('next');
});
