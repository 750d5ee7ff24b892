import { describe, expect, it } from 'vitest';
import { TableColumns } from '../../../lake/columns.js';

describe('the columns of a table', () => {
  it('begin with where a record came from, and get the fields of schemas as they come', () => {
    const columns = new TableColumns();
    const before = columns.all.length;
    expect(columns.of('status', 'long')).toEqual({ name: 'status', type: 'long' });
    expect(columns.of('status', 'long')).toEqual({ name: 'status', type: 'long' });
    expect(columns.all).toHaveLength(before + 1);
  });

  it('do not tell upper from lower case, as Delta does not', () => {
    const columns = new TableColumns();
    columns.of('Host', 'string');
    expect(columns.of('host', 'string').name).toBe('Host');
  });

  it('take whole numbers into a column of doubles, and not the other way round', () => {
    const columns = new TableColumns();
    columns.of('value', 'double');
    expect(columns.of('value', 'long')).toEqual({ name: 'value', type: 'double' });
    columns.of('count', 'long');
    expect(columns.of('count', 'double')).toEqual({ name: 'count_double', type: 'double' });
  });

  it('give another type a column of its own, also where its name is taken', () => {
    const columns = new TableColumns();
    columns.of('id', 'long');
    columns.of('id_string', 'boolean');
    expect(columns.of('id', 'string')).toEqual({ name: 'id_string_', type: 'string' });
    expect(columns.of('id', 'string')).toEqual({ name: 'id_string_', type: 'string' });
  });

  it('keep apart what a record says of itself and what the log says of it', () => {
    const columns = new TableColumns();
    expect(columns.of('topic', 'string').name).toBe('value_topic');
    expect(columns.of('Kind', 'string').name).toBe('value_Kind');
    expect(columns.of('raw_value', 'binary').name).toBe('value_raw_value');
  });
});
