import { LogError } from '@millrace/streams';
import { expect, it } from 'vitest';
import { AppError } from '../../../app/app-error.js';
import { failureOf, toldFailure } from '../../../app/pipeline/worker-failure.js';
import { failureText } from '../../../cli/terminal/failure-text.js';

/** As it comes through the channel between two processes. */
function told(error: Error): Error {
  return failureOf(structuredClone(toldFailure(error)));
}

it('tells a failure that a user can act upon as it was', () => {
  const failure = told(new LogError('LOG_REFUSED', 'the brokers refuse it; ask for the right'));
  expect(failure).toBeInstanceOf(AppError);
  expect(`${failureText(failure, {})}`).toBe('the brokers refuse it; ask for the right');
});

it('tells one that nobody has foreseen as such', () => {
  const failure = told(new TypeError('x is not a function'));
  expect(failure).not.toBeInstanceOf(AppError);
  expect(`${failureText(failure, {})}`).toContain('unexpected error: x is not a function');
});

it('keeps the causes, of which one may be the disk', () => {
  const cause = Object.assign(new Error('write failed'), { code: 'ENOSPC', path: '/data' });
  const failure = told(new LogError('LOG_IO', 'the log cannot be written', { cause }));
  expect(`${failureText(failure, {})}`).toMatch(/^\/data: the disk is full/);
});

it('ends where errors cause each other', () => {
  const error = new Error('one');
  error.cause = error;
  expect(told(error).message).toBe('one');
});
