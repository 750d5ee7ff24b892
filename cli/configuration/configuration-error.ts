import { UsageError } from '../options/usage-error.js';

/** What is wrong with a setting. */
export interface Problem {
  /** A file with line and column, or a variable of the environment. */
  readonly place: string;
  /** What is wrong, with which value, and what is allowed. */
  readonly message: string;
}

/** Settings that cannot be used: all of them at once, a line each. */
export class ConfigurationError extends UsageError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ message, place }) => `${place}: ${message}`);
    super(['some settings cannot be used:', ...lines].join('\n'));
    this.problems = problems;
  }
}
