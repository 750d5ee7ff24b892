import type { OddFields } from '../../producer/odd-fields.js';
import { count, number } from './quantities.js';
import { type SafeText, safe } from './safe-text.js';

const MAX = 6;

/** What is said of fields that were not what they should be, in lines that count all the same. */
export function oddFieldsText(odd: OddFields): SafeText[] {
  if (odd.size === 0) return [];
  const reasons = [...odd].sort(([, one], [, other]) => other - one);
  const total = reasons.reduce((sum, [, fields]) => sum + fields, 0);
  const shown = reasons.slice(0, MAX).map(([reason, fields]) => `${reason} (${number(fields)})`);
  const more = reasons.length > MAX ? ', …' : '';
  return [safe`${count(total, 'odd field')} in lines that count all the same: ${shown.join(', ')}${more}`];
}
