import { Problem } from '../problems.js';
import { type Fields, LogQueryError, matcherOf, parseLogQuery, type Term } from './log-query.js';

/** The terms of a search. @throws Problem 400 when it cannot be read */
export function termsFor(q: string): Term[] {
  try {
    return parseLogQuery(q);
  } catch (error) {
    if (!(error instanceof LogQueryError)) throw error;
    throw new Problem(400, 'invalid-search', `The search cannot be read at ${error.position + 1}: ${error.message}.`, {
      errors: [{ field: 'query.q', message: `at ${error.position + 1}: ${error.message}` }],
    });
  }
}

/** @throws Problem 400 when it cannot be read */
export function matcherFor(q: string): (fields: Fields) => boolean {
  return matcherOf(termsFor(q));
}
