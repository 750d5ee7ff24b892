import { describe, expect, it } from 'vitest';
import { type KStream, StreamsBuilder, stringSerde, topologyDescription } from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { Streams } from '../../../../streams/streams.js';
import { piped, STRINGS, type Step, stepByStep } from './piped.js';

/** A view's value is the page, and the title of the page is in a table of its own. */
function titled(kind: 'join' | 'leftJoin'): StreamsBuilder {
  const builder = new StreamsBuilder();
  const titles = builder.globalTable('titles', STRINGS, { name: 'titles' });
  const views = builder.stream('views', STRINGS);
  const page = (_key: string | null, value: string) => value || null;
  const results: KStream<string | null, string, 'value'> =
    kind === 'join'
      ? views.join(titles, page, (view, title) => `${view}/${title}`)
      : views.leftJoin(titles, page, (view, title) => `${view}/${title}`);
  results.to('out', STRINGS);
  return builder;
}

describe('a join with a global table', () => {
  const steps: (Step | 'restart')[] = [
    ['views', 'u', 'p', 10],
    ['titles', 'p', 'P', 99],
    ['views', 'u', 'p', 11],
    ['views', null, 'p', 5],
    ['titles', null, 'nothing', 1],
    'restart',
    ['views', 'v', 'p', 12],
    ['titles', 'p', 'Q', 1],
    ['views', 'v', '', 13],
    ['views', 'v', null, 14],
    ['views', 'v', 'p', 15],
    ['titles', 'p', null, 2],
    ['views', 'v', 'p', 16],
  ];

  it('finds the row as it is by then, whatever the times, also after a restart', async () => {
    const options = { partitions: { views: 3, titles: 2, out: 1 } };
    const none: string[] = [];
    expect(await stepByStep(titled('join'), steps, options)).toEqual([
      ...[none, none, ['u=p/P@11'], ['null=p/P@5'], none, none],
      ...[['v=p/P@12'], none, none, none, ['v=p/Q@15'], none, none],
    ]);
    expect(await piped(titled('leftJoin'), steps, options)).toEqual([
      ...['u=p/null@10', 'u=p/P@11', 'null=p/P@5', 'v=p/P@12'],
      ...['v=/null@13', 'v=p/Q@15', 'v=p/null@16'],
    ]);
  });

  it('reads the topic before the first record, has no changelog, and answers queries', async () => {
    const log = await EmbeddedLog.inMemory();
    for (const topic of ['titles', 'views', 'out']) await log.ensureTopic(topic, { partitions: 2 });
    const given = log.transaction();
    given.append('views', 0, 1, Buffer.from('u'), Buffer.from('p'));
    given.append('titles', 0, 2, Buffer.from('p'), Buffer.from('P'));
    given.append('titles', 1, 3, Buffer.from('o'), Buffer.from('O'));
    await given.commit();
    const app = new Streams(titled('join').build(), { applicationId: 'titled', log });
    try {
      await app.start();
      await app.drain();
      const rows: [string, string][] = [];
      for await (const row of app.store<string, string>('titles').all()) rows.push(row);
      expect(rows).toEqual([
        ['o', 'O'],
        ['p', 'P'],
      ]);
      expect(app.store<string, string>('titles').get('p')).toBe('P');
      expect(await Promise.all([0, 1].map((partition) => log.endOffset({ topic: 'out', partition })))).toContain(1);
      expect((await log.topics()).filter((topic) => topic.endsWith('-changelog'))).toEqual([]);
    } finally {
      await app.close();
      await log.close();
    }
  });

  it('is refused where its topic is read otherwise, too, and is in the description', () => {
    const builder = titled('join');
    expect(topologyDescription(builder.build()).global_stores).toEqual([{ name: 'titles', source_topic: 'titles' }]);
    builder.table('titles', { key: stringSerde, value: stringSerde });
    expect(() => builder.build()).toThrow('the topic "titles" is read in two ways');
  });
});
