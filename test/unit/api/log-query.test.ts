import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogQueryError, matcherOf, parseLogQuery } from '../../../api/search/log-query.js';

const line = {
  ...{ level: 'ERROR', service: 'auth-service', status: 503, response_time: 812.5, request_id: null, ok: true },
  ...{ message: 'Connection refused by upstream "db-1"', tags: ['red', 'blue'], nested: { region: 'eu-1' } },
};

const fits = (query: string) => matcherOf(parseLogQuery(query))(line);

it.each([
  ['', true],
  ['level:ERROR', true],
  ['level:error', true],
  ['LEVEL:ERROR', true],
  ['level:ERR', false],
  ['level:WARN,ERROR', true],
  ['level:WARN,INFO', false],
  ['-level:ERROR', false],
  ['-level:INFO service:auth-service', true],
  ['service:auth-*', true],
  ['service:*-service', true],
  ['service:a*-*e', true],
  ['service:auth', false],
  ['service:auth-service*x', false],
  ['status:503', true],
  ['status:5*', true],
  ['status:>500', true],
  ['status:>=503 status:<=503', true],
  ['status:<503', false],
  ['status:500..599', true],
  ['response_time:>812', true],
  ['level:>1', false],
  ['request_id:null', true],
  ['-request_id:null', false],
  ['nothing:null', true],
  ['nothing:x', false],
  ['ok:true', true],
  ['tags:blue', true],
  ['tags:green', false],
  ['nested.region:eu-1', true],
  ['message:refused', true],
  ['message:"refused by"', true],
  ['"refused by upstream"', true],
  ['"by refused"', false],
  ['"\\"db-1\\""', true],
  ['refused upstream', true],
  ['-refused', false],
  ['conn*upstream', true],
  ['level:ERROR AND status:503', true],
])('reads %s', (query, expected) => {
  expect(fits(query)).toBe(expected);
});

it.each([
  ['level:', 0],
  ['ok "open', 3],
  ['level:ERROR OR level:WARN', 12],
])('says where %s cannot be read', (query, at) => {
  expect(() => parseLogQuery(query)).toThrow(LogQueryError);
  try {
    parseLogQuery(query);
  } catch (error) {
    expect(Math.abs((error as LogQueryError).position - at)).toBeLessThan(7);
  }
});

it('reads or refuses any text, and never takes long', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        matcherOf(parseLogQuery(text))(line);
      } catch (error) {
        expect(error).toBeInstanceOf(LogQueryError);
      }
    }),
    { seed: 7, numRuns: 2000 },
  );
  const startedAt = performance.now();
  matcherOf(parseLogQuery(`message:${'a*'.repeat(900)}b`))({ message: 'a'.repeat(100_000) });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

it('takes any text between quotation marks as it is', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 50 }), (text) => {
      const quoted = `"${text.replace(/["\\]/g, '\\$&')}"`;
      expect(matcherOf(parseLogQuery(quoted))({ message: `before ${text} after` })).toBe(true);
    }),
    { seed: 7 },
  );
});
