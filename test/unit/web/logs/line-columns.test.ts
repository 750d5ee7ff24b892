import { expect, test } from 'vitest';
import type { LogLine } from '../../../../web/api/client.js';
import { columnsOf, fieldsOf, namesIn, USUAL_NAMES, widthsOf } from '../../../../web/pages/logs/line-columns.js';

const LINE: LogLine = {
  ...{ id: 'logs/0/1', time: 0, kind: 'services', level: 'INFO', message: 'done', response_time: 12.345 },
  ...{ service: 'web-api', attributes: { zone: 'a' } },
};

test('columns are those that the URL names, in its order, each once; without any they are the usual ones', () => {
  expect(namesIn('service,message,service')).toEqual(['service', 'message']);
  expect(namesIn(null)).toBe(USUAL_NAMES);
  expect(namesIn(',')).toBe(USUAL_NAMES);
});

test('any field is a column with its value; one that a line has not is empty', () => {
  const cells = columnsOf(['service', 'ms', 'attributes', 'unheard_of']).map(({ cell }) => cell(LINE));
  expect(cells).toEqual(['web-api', '12.3', '{"zone":"a"}', '']);
});

test('one column has the room that is left: the message, or without it the last', () => {
  expect(widthsOf(columnsOf(['service', 'message', 'status']))).toBe('var(--time) 15px 114px minmax(0, 1fr) 36px');
  expect(widthsOf(columnsOf(['service', 'status']))).toBe('var(--time) 15px 114px minmax(0, 1fr)');
});

test('what can be chosen are the usual columns, fields of the lines, and what is chosen already', () => {
  expect(fieldsOf([LINE], ['gone'])).toEqual([...USUAL_NAMES, 'attributes', 'gone', 'response_time', 'service']);
});
