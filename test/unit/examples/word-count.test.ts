import { numberSerde, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { expect, it } from 'vitest';
import { wordCount } from '../../../examples/word-count.js';

it('each commit sends the count of every word that it changed, whatever the case of its letters', async () => {
  const driver = await TopologyTestDriver.create(wordCount());
  const counts = async () => {
    const output = await driver.readOutput('word-counts', stringSerde, numberSerde);
    return output.map(({ key, value }) => `${key} ${value}`).sort();
  };

  await driver.pipeInput('lines', stringSerde, stringSerde, { key: null, value: 'The log, the table.', timestamp: 0 });
  expect(await counts()).toEqual(['log 1', 'table 1', 'the 2']);

  await driver.pipeInput('lines', stringSerde, stringSerde, { key: null, value: 'THE END', timestamp: 1 });
  expect(await counts()).toEqual(['end 1', 'the 3']);
  await driver.close();
});

it('words are made of the letters of any language', async () => {
  const driver = await TopologyTestDriver.create(wordCount());
  await driver.pipeInput('lines', stringSerde, stringSerde, { key: null, value: '42 Bäume, 木 — été!', timestamp: 0 });
  const output = await driver.readOutput('word-counts', stringSerde, numberSerde);
  expect(output.map(({ key }) => key).sort()).toEqual(['bäume', 'été', '木'].sort());
  await driver.close();
});
