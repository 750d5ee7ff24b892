import { LakeError } from '../../lake/lake-error.js';
import { isAllowed, isSame, type Visitor } from '../auth/visitor.js';
import { notFound, Problem } from '../problems.js';

/** Of a server at a time. */
const MAX_RUNNING = 4;
/** Of one of those who ask: others shall have a turn, too. */
const MAX_OWN = 2;

interface RunningQuery {
  readonly stop: AbortController;
  readonly by: Visitor;
}

const running = new Map<string, RunningQuery>();

interface Asked {
  readonly id: string;
  readonly visitor: Visitor;
  readonly signal: AbortSignal;
}

/** Runs a query that can be ended by its id. @throws Problem what the lake says, or that too many run */
export async function asRunning<T>(
  { id, signal, visitor }: Asked,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (running.has(id)) throw new Problem(409, 'query-runs', `A query of the id ${id} runs already.`);
  if (running.size >= MAX_RUNNING) {
    throw new Problem(503, 'too-many-queries', `${MAX_RUNNING} queries run already; try again.`, {
      retryAfterSeconds: 2,
    });
  }
  const own = [...running.values()].filter(({ by }) => isSame(by, visitor)).length;
  if (own >= MAX_OWN && visitor.kind !== 'anybody') {
    throw new Problem(503, 'too-many-queries', `${MAX_OWN} queries of yours run already; try again.`, {
      retryAfterSeconds: 2,
    });
  }
  const stop = new AbortController();
  running.set(id, { stop, by: visitor });
  try {
    return await run(AbortSignal.any([signal, stop.signal]));
  } catch (error) {
    throw error instanceof LakeError ? problemOf(error) : error;
  } finally {
    running.delete(id);
  }
}

/** @throws Problem where there is none that the visitor may end */
export function endQuery(id: string, visitor: Visitor): void {
  const found = running.get(id);
  const isOwn = found !== undefined && isSame(found.by, visitor);
  // Whose it is is nobody else's business, not even that it is there.
  if (found === undefined || (!isOwn && !isAllowed(visitor, 'admin'))) throw notFound('query that runs', id);
  found.stop.abort();
}

export function problemOf(error: LakeError): Problem {
  const { code, message: detail } = error;
  if (code === 'NO_TABLE') return new Problem(404, 'no-lake', detail, { cause: error });
  if (code === 'QUERY_REFUSED') return new Problem(422, 'query-refused', detail, { cause: error });
  if (code === 'QUERY_FAILED') return new Problem(422, 'query-failed', detail, { cause: error });
  if (code === 'QUERY_LIMIT') return new Problem(422, 'query-limit', detail, { cause: error });
  return new Problem(503, 'lake-failed', detail, { cause: error });
}
