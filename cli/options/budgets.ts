import { type Command, InvalidArgumentError } from 'commander';
import { type Budget, Budgets } from '../../topology/budgets.js';
import { repeatableOption } from './repeatable-option.js';

export interface BudgetOptions {
  readonly budget?: readonly Budget[];
}

const WEEKS = { day: 1 / 7, week: 1, month: 30 / 7, year: 365 / 7 } as const;
const BUDGET = /^(.+)=\s*(\d+(?:\.\d+)?)\s*(?:\/\s*(day|week|month|year))?$/i;
const MAX_PER_WEEK = 1000;

/** `--budget`: how many false alarms chance may cause of some services, hosts and sensors. */
export function addBudgets(command: Command): Command {
  return command.addOption(
    repeatableOption<readonly Budget[]>(
      '--budget <name=count>',
      'how many false alarms chance may cause of a service, host or sensor, a week or /day, /month, /year, such as ' +
        "'service:checkout=1/month' or 'host:*.example.com=2'; detection limits follow from it; can be repeated",
      (text, before = []) => [...before, budgetOf(text)],
    ),
  );
}

function budgetOf(text: string): Budget {
  const [, of, count, unit = 'week'] = BUDGET.exec(text) ?? [];
  const perWeek = Number(count) / WEEKS[unit.toLowerCase() as keyof typeof WEEKS];
  if (of === undefined || !(perWeek > 0 && perWeek <= MAX_PER_WEEK)) {
    throw new InvalidArgumentError(
      `It must be a name with more than 0 and at most ${MAX_PER_WEEK} false alarms a week, such as service:checkout=1/week.`,
    );
  }
  const budget = { of: of.trim(), perWeek };
  try {
    new Budgets([budget]);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return budget;
}
