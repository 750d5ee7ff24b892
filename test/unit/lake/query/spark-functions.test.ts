import { describe, expect, it } from 'vitest';
import { openDuckDb } from '../../../../lake/duckdb.js';
import { createSparkFunctions, strftimeFormat } from '../../../../lake/query/spark-functions.js';

/** 2026-01-05 was a Monday. */
const TIME = "TIMESTAMP '2026-01-05 08:09:07.023456'";

describe('date_format', () => {
  // What Spark's date_format gives for them, by its documentation of datetime patterns.
  it.each([
    ['yyyy-MM-dd HH:mm', '2026-01-05 08:09'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", '2026-01-05T08:09:07.023Z'],
    ['yy/M/d H:m:s', '26/1/5 8:9:7'],
    ['EEEE, MMMM d', 'Monday, January 5'],
    ['EEE MMM dd hh a', 'Mon Jan 05 08 AM'],
    ["mmMM''%", "0901'%"],
    ["'it''s 'yyyy", "it's 2026"],
  ])('%s', async (pattern, expected) => {
    const duckDb = await openDuckDb({ threads: '1' });
    await createSparkFunctions(duckDb, new Set([pattern, 'yyyy']));
    const quoted = `'${pattern.replaceAll("'", "''")}'`;
    expect(await duckDb.rows(`SELECT date_format(${TIME}, ${quoted}) AS text`)).toEqual([{ text: expected }]);
    duckDb.close();
  });

  it('refuses letters that it does not know', () => {
    expect(() => strftimeFormat('yyyy-ww')).toThrow(/does not know "ww"/);
  });
});
