import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventIntake } from '../../../producer/event-intake.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { type LogSourceOptions, readLogs } from '../../../producer/log-source.js';
import { Committed, temporaryFolder } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const record = (message: string, level = 'info') => ({
  time: '2024-03-07T11:05:01Z',
  level,
  msg: message,
  more: { a: [1, '}{'] },
});
const DEFAULTS = { host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000 };

async function read(input: LogSourceOptions['inputs'][number]): Promise<{ messages: string[]; refused: string[] }> {
  const messages: string[] = [];
  const refused: string[] = [];
  const options = { ...DEFAULTS, format: 'auto', follow: false, signal: new AbortController().signal };
  for await (const batch of readLogs({ ...options, inputs: [input], positions: new Map() })) {
    messages.push(...batch.serviceLogs.map(({ message }) => message));
    refused.push(
      ...batch.badLines.map(({ bytes, reason }) => `${reason.split(':', 1)[0]} ${bytes.toString().slice(0, 30)}`),
    );
  }
  return { messages, refused };
}

async function readFile(text: string) {
  await writeFile(folder.path('cart.json'), text);
  return read(folder.path('cart.json'));
}

function readStream(text: string, pieceBytes: number) {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, n) =>
    Buffer.from(bytes.subarray(n * pieceBytes, (n + 1) * pieceBytes)),
  );
  return read({ name: 'stream', open: async () => Readable.from(pieces) });
}

const [a, b, c] = [record('a "quoted" \\ {'), record('b'), record('c')];
const one = JSON.stringify;
const pretty = (value: unknown) => JSON.stringify(value, null, 2);

const SHAPES: [string, string][] = [
  ['a list over many lines', pretty([a, b, c])],
  ['a list over many lines, with CRLF', pretty([a, b, c]).replaceAll('\n', '\r\n')],
  ['objects over many lines, one after the other', [a, b, c].map(pretty).join('\n')],
  ['a list with one object a line', `[\n${one(a)},\n${one(b)},\n${one(c)}\n]\n`],
  ['a list whose brackets stand beside objects', `[${one(a)},\n${one(b)},\n${one(c)}]\n`],
  ['a list with commas before the objects', `[${one(a)}\n,${one(b)}\n,${one(c)}\n]\n`],
  ['a list in one line', one([a, b, c])],
  ['objects in one line', `${one(a)}${one(b)} ${one(c)}`],
  ['a sequence of JSON texts', [a, b, c].map((each) => `\x1e${one(each)}\n`).join('')],
  ['events of a server', [a, b, c].map((each) => `data: ${one(each)}\n\n`).join('')],
  ['an answer with its records in a member', one({ next: null, data: [a, b, c] })],
  ['such an answer over many lines', pretty({ status: 'ok', result: 3, items: [a, b, c] })],
  [
    'hits of Elasticsearch',
    one({ took: 1, hits: { total: 3, hits: [a, b, c].map((_source) => ({ _id: '1', _source })) } }),
  ],
];
const MESSAGES = ['a "quoted" \\ {', 'b', 'c'];

describe('records in JSON', () => {
  it.each(SHAPES)('as %s are read from a file, and from a stream in any pieces', async (_what, text) => {
    expect(await readFile(text)).toEqual({ messages: MESSAGES, refused: [] });
    for (const pieceBytes of [100, 10_000]) {
      expect(await readStream(text, pieceBytes)).toEqual({ messages: MESSAGES, refused: [] });
    }
  });

  it.each(SHAPES.filter(([, text]) => !text.trim().includes('\n')))('as %s are read from a message', (_what, text) => {
    const intake = new EventIntake(chosenFormat('auto').format, DEFAULTS);
    intake.addLine(text, 'here');
    expect(intake.take().serviceLogs.map(({ message }) => message)).toEqual(MESSAGES);
  });

  it('of a stream may be a list of any size', async () => {
    const many = Array.from({ length: 12_000 }, (_, n) => record(`${n}`.padEnd(100, '.')));
    const { messages, refused } = await readStream(one(many), 65_536);
    expect([messages.length, messages.at(-1)?.slice(0, 5), refused]).toEqual([12_000, '11999', []]);
  });
});

it('records over many lines are read on where reading stopped, also behind `}, {`', async () => {
  const text = `[${[a, b, c].map((each) => JSON.stringify(each, null, 1)).join(', ')}]\n`;
  expect(text).toContain('\n}, {\n');
  const committed = new Committed();
  await writeFile(folder.path('stops.json'), text);
  for (let run = 0; run < 6; run++) await committed.read(folder.path('stops.json'), { batchLines: 1, stopAfter: 1 });
  const messages = committed.batches.flatMap(({ serviceLogs }) => serviceLogs.map(({ message }) => message));
  expect([messages, committed.reasons]).toEqual([MESSAGES, []]);
});

describe('what breaks off', () => {
  it('is refused, and what follows it is read', async () => {
    const text = `{\n  "level": "info",\n${one(a)}\n2024-03-07 11:05:01 ERROR boom\n${one(b)}\n`;
    const { messages, refused } = await readFile(text);
    expect([...messages].sort()).toEqual([MESSAGES[0], 'b', 'boom'].sort());
    expect(refused).toEqual(['not-json {\n  "level": "info",']);
  });

  it('at the end of the text is refused', async () => {
    expect(await readFile(`${pretty(a)}\n{\n  "level": "info",\n`)).toEqual({
      messages: [MESSAGES[0]],
      refused: ['not-json {\n  "level": "info",'],
    });
  });

  it('a line of JSON that was cut off costs itself alone', async () => {
    const { messages, refused } = await readFile(`${one(a).slice(0, 20)}\n${one(b)}\n${one(c)}\n`);
    expect(messages).toEqual(['b', 'c']);
    expect(refused.length).toBe(1);
  });

  it('in a list of a stream costs itself alone, where it ends within a text', async () => {
    const { messages, refused } = await readStream(`[${one(a)},\n{"time":"2024\n,${one(b)}]`, 16);
    expect(messages).toEqual([MESSAGES[0], 'b']);
    expect(refused).toEqual(['not-json {"time":"2024']);
  });

  it('takes time that grows with its length, whatever it holds', async () => {
    const long = 500_000;
    const started = performance.now();
    await readFile(`{\n1${' '.repeat(long)}x\n[${' '.repeat(long)}]x\n{"a":1}${'}{'.repeat(long / 2)}\n`);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
