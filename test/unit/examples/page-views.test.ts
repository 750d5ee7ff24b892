import { stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { expect, it } from 'vitest';
import { pageViewSerde, pageViews, userMinuteSerde } from '../../../examples/page-views.js';

const MINUTES = { key: stringSerde, value: userMinuteSerde };
const NOON = Date.parse('2026-03-01T12:00:00Z');

/** Views of pages by the second after noon at which they were seen, all written to the log at the same time. */
async function minutesOf(views: readonly (readonly [user: string, page: string, second: number])[]) {
  const driver = await TopologyTestDriver.create(pageViews(), { lateTopic: 'late' });
  const input = driver.createInputTopic('page-views', { value: pageViewSerde });
  for (const [user, page, second] of views) {
    await input.pipeInput(null, { user, page, at: new Date(NOON + second * 1000).toISOString() });
  }
  await driver.drain();
  const minutes = await driver.createOutputTopic('user-minutes', MINUTES).readValues();
  const late = await driver.createOutputTopic('late', { value: pageViewSerde }).readValues();
  await driver.close();
  return {
    minutes: minutes.map((of) => of && [of.user, (of.minute - NOON) / 60_000, of.views, of.pages]),
    late: late.map((view) => view?.page),
  };
}

it('a view counts in the minute in which it was seen, not in which it was written', async () => {
  const { minutes } = await minutesOf([
    ['ada', '/', 5],
    ['ada', '/help', 59],
    ['ada', '/', 60],
  ]);
  expect(minutes).toEqual([
    ['ada', 0, 2, ['/', '/help']],
    ['ada', 1, 1, ['/']],
  ]);
});

it('a minute takes views until event time is 10 s past its end, and later ones are in the late topic', async () => {
  const { late, minutes } = await minutesOf([
    ['ada', '/first', 0],
    ['ben', '/', 69],
    ['ada', '/in-time', 30],
    ['ben', '/', 70],
    ['ada', '/too-late', 30],
  ]);
  expect(minutes).toEqual([
    ['ada', 0, 2, ['/first', '/in-time']],
    ['ben', 1, 2, ['/']],
  ]);
  expect(late).toEqual(['/too-late']);
});

it('views that go through a repartition topic give the same minutes', async () => {
  const driver = await TopologyTestDriver.create(pageViews(), { repartition: 'topic' });
  const input = driver.createInputTopic('page-views', { value: pageViewSerde });
  const views = ['/', '/', '/help'].map((page) => ({ user: 'ada', page, at: '2026-03-01T12:00:01Z' }));
  await input.pipeRecords(views.map((value) => ({ key: null, value, timestamp: 0 })));
  await driver.drain();
  const minute = await driver.createOutputTopic('user-minutes', MINUTES).readValue();
  expect(minute).toEqual({ user: 'ada', minute: NOON, views: 3, pages: ['/', '/help'] });
  await driver.close();
});
