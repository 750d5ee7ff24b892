import type { IsolationLevel, ListOffsetsResult, OffsetSpec } from '@confluentinc/kafka-javascript';
import { expect, it } from 'vitest';
import { type OffsetQuestion, OffsetQuestions } from '../../../../../streams/log/kafka/offset-questions.js';

// As the Kafka client has them, which is not there where the tests of Node alone run.
const [EARLIEST, LATEST] = [{ timestamp: -2 }, { timestamp: -1 }] as [OffsetSpec, OffsetSpec];
const [READ_UNCOMMITTED, READ_COMMITTED] = [0, 1] as [IsolationLevel, IsolationLevel];

function endOf(topic: string, partition: number, offset: OffsetSpec = LATEST, isolationLevel = READ_COMMITTED) {
  return { topicPartition: { topic, partition }, offset, isolationLevel };
}

function told(question: OffsetQuestion): ListOffsetsResult {
  const { topic, partition } = question.topicPartition;
  return { topic, partition, offset: question.offset === EARLIEST ? 0 : 100 + partition, timestamp: -1 };
}

const nobody = (): Promise<never> => Promise.reject(new Error('nobody is asked alone'));

it('offsets that are asked for at one time are asked for in one request, a partition once', async () => {
  const requests: (readonly OffsetQuestion[])[] = [];
  const offsets = new OffsetQuestions({
    together: async (questions) => {
      requests.push(questions);
      return questions.map(told).reverse();
    },
    alone: nobody,
  });
  const asked = [endOf('a', 0), endOf('a', 1), endOf('b', 0), endOf('a', 1)];
  expect(await Promise.all(asked.map((one) => offsets.offset(one)))).toEqual([100, 101, 100, 101]);
  expect(requests).toEqual([asked.slice(0, 3)]);
});

it('what is asked for while a request is under way is asked for in the next one', async () => {
  const sizes: number[] = [];
  let answer: () => void = () => {};
  const offsets = new OffsetQuestions({
    together: async (questions) => {
      sizes.push(questions.length);
      if (sizes.length === 1) {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      return questions.map(told);
    },
    alone: nobody,
  });
  const first = offsets.offset(endOf('a', 0));
  await expect.poll(() => sizes.length).toBe(1);
  const later = [1, 2, 3].map((partition) => offsets.offset(endOf('a', partition)));
  answer();
  expect(await Promise.all([first, ...later])).toEqual([100, 101, 102, 103]);
  expect(sizes).toEqual([1, 3]);
});

it('a partition has one offset in a request, and a request one isolation level', async () => {
  const requests: (readonly OffsetQuestion[])[] = [];
  const offsets = new OffsetQuestions({
    together: async (questions) => {
      requests.push(questions);
      return questions.map(told);
    },
    alone: nobody,
  });
  const [latest, earliest] = [endOf('a', 7), endOf('a', 7, EARLIEST)];
  const uncommitted = endOf('a', 8, LATEST, READ_UNCOMMITTED);
  expect(await Promise.all([latest, earliest, uncommitted].map((one) => offsets.offset(one)))).toEqual([107, 0, 108]);
  expect(requests).toEqual([[latest], [earliest], [uncommitted]]);
});

it('partitions that a request does not tell of are asked for alone, and the others do not wait for them', async () => {
  const alone: OffsetQuestion[] = [];
  let appear: (offset: number) => void = () => {};
  const offsets = new OffsetQuestions({
    together: async (questions) => questions.filter(({ topicPartition }) => topicPartition.topic !== 'away').map(told),
    alone: (question) => {
      alone.push(question);
      return new Promise((resolve) => {
        appear = resolve;
      });
    },
  });
  const away = offsets.offset(endOf('away', 0));
  expect(await offsets.offset(endOf('a', 1))).toBe(101);
  expect(await offsets.offset(endOf('a', 2))).toBe(102);
  expect(alone).toEqual([endOf('away', 0)]);
  appear(5);
  expect(await away).toBe(5);
});

it('a request that fails as a whole fails nobody: each partition is asked for alone, and tells its own error', async () => {
  const offsets = new OffsetQuestions({
    together: () => Promise.reject(new Error('timed out')),
    alone: async ({ topicPartition: { partition } }) => {
      if (partition === 1) throw new Error('not allowed');
      return partition;
    },
  });
  const answers = await Promise.allSettled([0, 1, 2].map((partition) => offsets.offset(endOf('a', partition))));
  expect(answers.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([
    0,
    'not allowed',
    2,
  ]);
});
