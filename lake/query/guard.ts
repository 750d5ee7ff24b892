import { type DuckDb, literal } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS } from './allowed-functions.js';

/**
 * What may be in a statement's tree, of what has a `type` and is no expression: the ways to select, the tables to select
 * from, and what orders and limits them. Not among them are SHOW and DESCRIBE, and statements that change something within
 * a WITH.
 */
const ALLOWED_PARTS = new Set([
  ...['SELECT_NODE', 'SET_OPERATION_NODE', 'RECURSIVE_CTE_NODE', 'CTE_NODE'],
  ...['BASE_TABLE', 'SUBQUERY', 'JOIN', 'TABLE_FUNCTION', 'EMPTY', 'EXPRESSION_LIST', 'PIVOT'],
  ...['ORDER_MODIFIER', 'LIMIT_MODIFIER', 'LIMIT_PERCENT_MODIFIER', 'DISTINCT_MODIFIER'],
  ...['ORDER_DEFAULT', 'ASCENDING', 'DESCENDING'],
]);
/** Details of types, such as a decimal's digits. */
const TYPE_DETAILS = /_TYPE_INFO$/;

/** A name that no table of DuckDB's own and no file has. */
const WITH_NAME = /^(?!(?:duckdb|information_schema|pg|pragma|sqlite)_)[a-z_][a-z0-9_]*$/i;

type Tree = { readonly [member: string]: unknown };

/**
 * Refuses every statement but one SELECT over the given tables, by what DuckDB's own parser makes of it: its tables must be
 * known, its functions on a list. What is on no list is refused.
 *
 * @param tables lower-case names
 * @returns what has to be made before it is run
 * @throws LakeError QUERY_REFUSED, in a line that says why
 */
export async function requireHarmless(duckDb: DuckDb, sql: string, tables: ReadonlySet<string>): Promise<Needs> {
  // For one reader of the text it would be the end, for another not.
  if (sql.includes('\0')) throw refused('it has a zero character');
  const [row] = await duckDb.rows<{ tree: string }>(`SELECT json_serialize_sql(${literal(sql)})::VARCHAR AS tree`);
  const parsed = JSON.parse(row?.tree ?? '{}') as Tree;
  if (parsed['error'] !== false) {
    const why = String(parsed['error_message'] ?? 'it cannot be parsed');
    throw refused(/only select/i.test(why) ? 'only SELECT statements are run' : firstLine(why));
  }
  const statements = parsed['statements'] as readonly Tree[];
  const [statement] = statements;
  if (statement === undefined || statements.length !== 1) {
    throw refused(`one statement is run at a time, not ${statements.length}`);
  }
  const withNames = new Set<string>();
  collectWithNames(statement, withNames);
  const datePatterns = new Set<string>();
  check(statement, { tables, withNames, datePatterns });
  // A second opinion, for the tree and the statement that is run are not made by the same code.
  const extracted = await duckDb.connection.extractStatements(sql);
  if (extracted.count !== 1) throw refused(`one statement is run at a time, not ${extracted.count}`);
  return { datePatterns };
}

interface Needs {
  /** The patterns that date_format is called with. */
  readonly datePatterns: ReadonlySet<string>;
}

interface Scope {
  readonly tables: ReadonlySet<string>;
  readonly withNames: ReadonlySet<string>;
  readonly datePatterns: Set<string>;
}

function check(part: unknown, scope: Scope): void {
  if (Array.isArray(part)) {
    for (const element of part) check(element, scope);
    return;
  }
  if (typeof part !== 'object' || part === null) return;
  const tree = part as Tree;
  if (tree['class'] === 'CONSTANT') return;
  if (tree['class'] === undefined && typeof tree['type'] === 'string') {
    if (tree['type'] === 'TABLE_FUNCTION') {
      checkTableFunction(tree, scope);
      return;
    }
    if (tree['type'] === 'BASE_TABLE') checkTable(tree, scope);
    if (!ALLOWED_PARTS.has(tree['type']) && !TYPE_DETAILS.test(tree['type'])) throw refusedPart(tree['type']);
  }
  if (tree['class'] === 'PARAMETER') throw refused('there is nothing to put in for a parameter');
  if (typeof tree['function_name'] === 'string') {
    checkFunction(tree, ALLOWED_FUNCTIONS);
    if (tree['function_name'] === 'date_format') scope.datePatterns.add(datePattern(tree));
  }
  for (const member of Object.values(tree)) check(member, scope);
}

function checkTable({ catalog_name: catalog, schema_name: schema, table_name: table }: Tree, scope: Scope): void {
  const name = String(table).toLowerCase();
  const isPlain = catalog === '' && schema === '';
  if (isPlain && (scope.tables.has(name) || scope.withNames.has(name))) return;
  const qualified = [catalog, schema, table].filter((part) => part !== '' && part !== undefined).join('.');
  throw refused(`there is no table "${qualified}"; there are: ${[...scope.tables].join(', ')}`);
}

function checkTableFunction(tree: Tree, scope: Scope): void {
  const call = tree['function'] as Tree;
  checkFunction(call, ALLOWED_TABLE_FUNCTIONS);
  check(call['children'], scope);
}

function checkFunction({ catalog, function_name: name, schema }: Tree, allowed: ReadonlySet<string>): void {
  if ((catalog ?? '') !== '' || !['', 'main', undefined].includes(schema as string | undefined)) {
    throw refused(`the function ${[catalog, schema, name].filter(Boolean).join('.')} is not allowed`);
  }
  if (!allowed.has(String(name).toLowerCase())) throw refused(`the function ${String(name)} is not allowed`);
}

function datePattern({ children }: Tree): string {
  const [, pattern] = children as readonly Tree[];
  const value = (pattern?.['value'] as Tree | undefined)?.['value'];
  if (pattern?.['class'] !== 'CONSTANT' || typeof value !== 'string') {
    throw refused("date_format needs a time and a pattern such as 'yyyy-MM-dd HH:mm'");
  }
  return value;
}

/** The names that WITH gives, wherever in the statement. */
function collectWithNames(part: unknown, names: Set<string>): void {
  if (typeof part !== 'object' || part === null) return;
  const map = ((part as Tree)['cte_map'] as Tree | undefined)?.['map'];
  for (const { key } of Array.isArray(map) ? (map as readonly { key: string }[]) : []) {
    if (!WITH_NAME.test(key)) throw refused(`WITH may not give the name "${key}"`);
    names.add(key.toLowerCase());
  }
  for (const member of Object.values(part)) collectWithNames(member, names);
}

function refusedPart(type: string): LakeError {
  if (type === 'SHOW_REF')
    return refused('SHOW, DESCRIBE and SUMMARIZE are not run; `millrace lake describe` tells of the table');
  return refused(`${type} is not allowed`);
}

function refused(why: string): LakeError {
  return new LakeError('QUERY_REFUSED', `the query is refused: ${why}`);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
