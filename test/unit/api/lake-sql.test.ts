import { expect, it } from 'vitest';
import { lakeSql } from '../../../api/search/lake-lines.js';
import { parseLogQuery } from '../../../api/search/log-query.js';

const view = { view: 'service', texts: ['level', 'message'], numbers: ['status'], booleans: [] } as never;
const all = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const whereOf = (query: string) => {
  const sql = lakeSql(view, { terms: parseLogQuery(query), range: all, held: { topic: 'logs', spans: [] }, limit: 10 });
  return /WHERE (.*) ORDER BY/.exec(sql)?.[1];
};

it('asks the lake for what a search says', () => {
  expect(whereOf('level:ERROR,WARN')).toBe(`coalesce((lower("level") = 'error' OR lower("level") = 'warn'), false)`);
  expect(whereOf('-status:200')).toBe('NOT coalesce(("status" = 200), false)');
  expect(whereOf('status:>=500')).toBe('coalesce(("status" >= 500), false)');
  expect(whereOf('level:E*')).toBe(`coalesce((lower("level") LIKE 'e%' ESCAPE '\\'), false)`);
});

it('makes texts of what could be SQL, and knows no fields but those of the view', () => {
  expect(whereOf(`"'; DROP TABLE x; --"`)).toContain(`contains(lower("message"), '''; drop table x; --')`);
  expect(whereOf('level:100%_x*')).toContain(String.raw`'100\%\_x%'`);
  expect(whereOf('kind:access')).toBe('coalesce((false), false)');
  expect(whereOf(`status:1;DROP`)).toBe('coalesce((false), false)');
});

it('leaves out what is in memory', () => {
  const spans = [
    { partition: 0, first: 7, last: 9 },
    { partition: 2, first: 0, last: 4 },
  ];
  const sql = lakeSql(view, { terms: [], range: all, held: { topic: "o'logs", spans }, limit: 10 });
  expect(/WHERE (.*) ORDER BY/.exec(sql)?.[1]).toBe(
    "NOT (topic = 'o''logs' AND (kafka_partition = 0 AND kafka_offset BETWEEN 7 AND 9 OR kafka_partition = 2 AND kafka_offset BETWEEN 0 AND 4))",
  );
});
