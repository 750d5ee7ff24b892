import { MULTI_RESOLUTION_TUNING } from '../detection/multi-resolution.js';
import { scoreOfSurprise, surpriseOfScore } from '../detection/surprise.js';
import { Entities } from './entities.js';

/** How many false alarms in a week chance may cause of some entities; a plain value. */
export interface Budget {
  /** Such as `service:checkout` or `host:*.example.com`. */
  readonly of: string;
  readonly perWeek: number;
}

const MIN_SURPRISE = 0.5;
/** With less of it, and likelier ones, whatever happens would be an alarm. */
const MIN_EVIDENCE = 6;
const MAX_CHANCE = 1e-4;
/** Entities whose budget is remembered: names come from outside. */
const REMEMBERED = 10_000;

/** The budgets of false alarms, by entity: those that are named, and for all others one. */
export class Budgets {
  readonly #byDefault: number;
  readonly #named: readonly { readonly entities: Entities; readonly perWeek: number }[];

  /**
   * Of several that name an entity, the one with the longest name without its `*` counts.
   *
   * @throws RangeError for what is no name of an entity
   */
  constructor(named: readonly Budget[], byDefault = 1) {
    this.#byDefault = byDefault;
    const length = ({ of }: Budget) => (of.includes('*') ? of.replaceAll('*', '').length : Number.POSITIVE_INFINITY);
    this.#named = named
      .toSorted((one, other) => length(other) - length(one))
      .map(({ of, perWeek }) => ({ entities: new Entities([of]), perWeek }));
  }

  /** @param scope of an entity, such as `service/checkout` */
  perWeek(scope: string): number {
    return this.#named.find(({ entities }) => entities.has(scope))?.perWeek ?? this.#byDefault;
  }

  /** What is made of an entity's budget: made once for all with the same. */
  each<T extends object>(make: (perWeek: number) => T): (scope: string) => T {
    const made = new Map<number, T>();
    const madeFor = (perWeek: number): T => {
      const one = made.get(perWeek) ?? make(perWeek);
      made.set(perWeek, one);
      return one;
    };
    if (this.#named.length === 0) {
      const one = madeFor(this.#byDefault);
      return () => one;
    }
    const known = new Map<string, T>();
    return (scope) => {
      let one = known.get(scope);
      if (one === undefined) {
        if (known.size >= REMEMBERED) known.clear();
        one = madeFor(this.perWeek(scope));
        known.set(scope, one);
      }
      return one;
    };
  }
}

/** The evidence in nats that is an alarm, where `limit` of it is for a budget of 1: by Wald's inequality, e times rarer for each. */
export function evidenceOf(perWeek: number, limit: number): number {
  return Math.max(MIN_EVIDENCE, limit - Math.log(perWeek));
}

/** The chance that is an alarm, where `chance` is for a budget of 1. */
export function chanceOf(perWeek: number, chance: number): number {
  return Math.min(MAX_CHANCE, chance * perWeek);
}

/**
 * The score from which `multi-resolution` alerts: its surprise is the logarithm of how seldom in time a value comes, so ten
 * times fewer false alarms are one more of it.
 */
export function alertScoreOf(perWeek: number): number {
  const { alertScore } = MULTI_RESOLUTION_TUNING;
  if (perWeek === 1) return alertScore;
  return scoreOfSurprise(Math.max(MIN_SURPRISE, surpriseOfScore(alertScore) - Math.log10(perWeek)));
}
