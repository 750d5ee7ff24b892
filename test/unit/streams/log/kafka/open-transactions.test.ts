import { beforeEach, describe, expect, it } from 'vitest';
import { OpenTransactions } from '../../../../../streams/log/kafka/open-transactions.js';

const place = { topic: 't', partition: 2 };

describe('a transaction that stays open', () => {
  let nowMs = 0;
  let said: string[] = [];
  let transactions: OpenTransactions;

  beforeEach(() => {
    nowMs = 0;
    said = [];
    const say = (message: string) => said.push(message);
    transactions = new OpenTransactions({ brokers: 'kafka:9092', say, now: () => nowMs });
  });

  function seen(atMs: number, stableOffset: number, endOffset: number, where = place): void {
    nowMs = atMs;
    transactions.seen(where, stableOffset, endOffset);
  }

  it('is told once, after 30 s, with where it is and how to end it', () => {
    seen(0, 5, 9);
    seen(29_000, 5, 12);
    expect(said).toEqual([]);
    seen(30_000, 5, 12);
    seen(60_000, 5, 12);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('t-2 cannot be read beyond offset 5: a transaction has been open there for 30 s');
    expect(said[0]).toContain(
      'kafka-transactions.sh --bootstrap-server kafka:9092 abort --topic t --partition 2 --start-offset 5',
    );
  });

  it('is told to have ended, and another one after it is told again', () => {
    seen(0, 5, 9);
    seen(31_000, 5, 9);
    seen(32_000, 10, 10);
    expect(said.slice(1)).toEqual(['t-2 can be read on: the transaction has ended']);
    seen(40_000, 10, 11);
    seen(80_000, 10, 11);
    expect(said.slice(2)).toEqual(['t-2 cannot be read beyond offset 10 either']);
  });

  it('is nothing to tell while one transaction follows the other', () => {
    for (let second = 0; second < 100; second++) seen(second * 1000, second, second + 5);
    expect(said).toEqual([]);
  });

  it('is told of each partition by itself, explained once', () => {
    const other = { topic: 't', partition: 3 };
    seen(0, 5, 9);
    seen(0, 0, 1, other);
    seen(30_000, 5, 9);
    seen(30_000, 0, 1, other);
    expect(said[1]).toBe('t-3 cannot be read beyond offset 0 either');
  });
});
