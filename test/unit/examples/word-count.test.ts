import { numberSerde, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { expect, it } from 'vitest';
import { wordCount } from '../../../examples/word-count.js';

async function topicsOfWordCount() {
  const driver = await TopologyTestDriver.create(wordCount());
  return {
    driver,
    lines: driver.createInputTopic('lines', { value: stringSerde }),
    counts: driver.createOutputTopic('word-counts', { key: stringSerde, value: numberSerde }),
  };
}

it('each commit sends the count of every word that it changed, whatever the case of its letters', async () => {
  const { counts, driver, lines } = await topicsOfWordCount();

  await lines.pipeInput(null, 'The log, the table.');
  expect(Object.fromEntries(await counts.readTable())).toEqual({ the: 2, log: 1, table: 1 });

  await lines.pipeInput(null, 'THE END');
  expect(Object.fromEntries(await counts.readTable())).toEqual({ the: 3, end: 1 });
  await driver.close();
});

it('words are made of the letters of any language', async () => {
  const { counts, driver, lines } = await topicsOfWordCount();
  await lines.pipeInput(null, '42 Bäume, 木 — été!');
  expect(Object.fromEntries(await counts.readTable())).toEqual({ bäume: 1, 木: 1, été: 1 });
  await driver.close();
});
