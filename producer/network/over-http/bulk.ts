import { MillraceError } from '@millrace/streams';
/** A document of a `_bulk` request, and where its action wants it. */
export interface BulkItem {
  readonly action: 'index' | 'create' | 'update' | 'delete';
  readonly index: string;
  readonly id: string | undefined;
  /** As it was sent; undefined for what has none. */
  readonly source: string | undefined;
}

/** A body that is no `_bulk` request. */
export class BulkError extends MillraceError<'BULK_BODY'> {
  constructor(message: string, options?: ErrorOptions) {
    super('BULK_BODY', message, options);
  }
}

const ACTIONS = ['index', 'create', 'update', 'delete'] as const;
const MAX_ITEMS = 100_000;

/**
 * Reads newline-delimited JSON: a line with an action, then one with the document, as Elasticsearch's `_bulk` has them.
 *
 * @param index where what does not say goes: the path's
 * @throws BulkError
 */
export function readBulk(body: string, index: string): BulkItem[] {
  const items: BulkItem[] = [];
  let at = 0;
  let number = 0;
  const nextLine = (): string | undefined => {
    if (at >= body.length) return undefined;
    const end = body.indexOf('\n', at);
    const line = body.slice(at, end < 0 ? body.length : end);
    at = end < 0 ? body.length : end + 1;
    number++;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  };
  for (let line = nextLine(); line !== undefined; line = nextLine()) {
    if (line === '') continue;
    const { action, target } = actionOf(line, number);
    let source: string | undefined;
    if (action !== 'delete') {
      source = nextLine();
      if (source === undefined) throw new BulkError(`line ${number} is an action without a document behind it`);
    }
    if (items.length >= MAX_ITEMS) throw new BulkError(`there are more than ${MAX_ITEMS} documents; send fewer`);
    items.push({
      action,
      index: typeof target['_index'] === 'string' ? target['_index'] : index,
      id: typeof target['_id'] === 'string' ? target['_id'] : undefined,
      source,
    });
  }
  return items;
}

function actionOf(line: string, number: number): { action: BulkItem['action']; target: Record<string, unknown> } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw new BulkError(`line ${number} is no JSON; it must be an action such as {"create":{}}`, { cause });
  }
  for (const action of ACTIONS) {
    const target = (parsed as Record<string, unknown> | null)?.[action];
    if (typeof target === 'object' && target !== null) return { action, target: target as Record<string, unknown> };
  }
  throw new BulkError(`line ${number} is no action: it must have one of ${ACTIONS.join(', ')}`);
}
