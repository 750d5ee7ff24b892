import { describe, expect, it } from 'vitest';
import type { ReadLine } from '../../../producer/line-reader.js';
import { LowestFirst } from '../../../producer/lowest-first.js';
import { type LineSource, merged } from '../../../producer/merge.js';

/** A line of which the merge looks at the time alone. */
function line(time: number, input: number): ReadLine {
  return { time, input } as unknown as ReadLine;
}

/** Inputs with a line each so many milliseconds, in pieces of 10 lines, all over the same hours. */
function overlapping(inputs: number, lines: number): LineSource[] {
  return Array.from({ length: inputs }, (_, input) => ({
    firstTime: input,
    mayStall: false,
    async *lines() {
      for (let from = 0; from < lines; from += 10) {
        yield Array.from({ length: Math.min(10, lines - from) }, (_, at) => line((from + at) * inputs + input, input));
      }
    },
  }));
}

async function timesOf(sources: readonly LineSource[]): Promise<number[]> {
  const times: number[] = [];
  for await (const lines of merged(sources, new AbortController().signal)) {
    for (const { time } of lines ?? []) times.push(time);
  }
  return times;
}

describe('the merge of inputs that overlap in time', () => {
  it('gives every line once, in the order of time', async () => {
    const times = await timesOf(overlapping(50, 30));
    expect(times).toEqual(Array.from({ length: 1500 }, (_, time) => time));
  });

  it('of equal times gives those of the input that was named first', async () => {
    const source = (input: number): LineSource => ({
      ...{ firstTime: 5, mayStall: false },
      async *lines() {
        yield [line(5, input), line(5, input)];
      },
    });
    const inputs: number[] = [];
    for await (const lines of merged([source(0), source(1), source(2)], new AbortController().signal)) {
      for (const each of lines ?? []) inputs.push((each as unknown as { input: number }).input);
    }
    expect(inputs).toEqual([0, 0, 1, 1, 2, 2]);
  });
});

describe('a heap', () => {
  it('gives the lowest first, whatever the order in which entries come', () => {
    const heap = new LowestFirst<number>((one, other) => one < other);
    // All remainders of a multiplication by a number that has no factor in common with the modulus.
    for (let n = 0; n < 101; n++) heap.add((n * 37) % 101);
    expect(Array.from({ length: 101 }, () => heap.take())).toEqual(Array.from({ length: 101 }, (_, n) => n));
    expect(heap.take()).toBeUndefined();
  });
});
