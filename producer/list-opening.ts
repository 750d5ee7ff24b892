import { LIST_NAMES } from './formats/record-lists.js';

/** What opens a list of objects in JSON. */
export interface ListOpening {
  /** All up to the list's bracket. */
  readonly text: string;
  /** In how many objects the list is. */
  readonly depth: number;
}

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|([{}[\]:,])|([^\s"{}[\]:,]+))/y;
const OBJECT_FOLLOWS = /\s*\{/y;

/** `[`, `{"Records":[`, `{"logGroup":"/shop","logEvents":[` and the like, before an object; undefined for other beginnings. */
export function listOpening(head: string): ListOpening | undefined {
  const token = new RegExp(TOKEN);
  const around: string[] = [];
  let text = '';
  let name = '';
  for (let match = token.exec(head); match !== null; match = token.exec(head)) {
    const [, string, sign] = match;
    if (string !== undefined) text = string;
    else if (sign === ':') name = text;
    else if (sign === '{' || sign === '[') {
      const isList = sign === '[' && !around.includes('[') && (around.length === 0 || LIST_NAMES.has(name));
      if (isList && followsAt(head, token.lastIndex)) {
        return { text: head.slice(0, token.lastIndex), depth: around.length };
      }
      around.push(sign);
    } else if (sign === '}' || sign === ']') around.pop();
    if (around.length === 0) return undefined;
  }
  return undefined;
}

function followsAt(head: string, at: number): boolean {
  const follows = new RegExp(OBJECT_FOLLOWS);
  follows.lastIndex = at;
  return follows.test(head);
}
