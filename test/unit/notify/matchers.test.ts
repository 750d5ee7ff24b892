import { describe, expect, it } from 'vitest';
import { labelsOf } from '../../../notify/labels.js';
import { matcherOf } from '../../../notify/matchers.js';
import { anIncident } from './incident.js';

const labels = labelsOf(
  anIncident('incident/1', { entities: ['web-1', 'web-2'], severity: 'critical', scope: 'say "hi"' }),
);

describe('a matcher', () => {
  it.each([
    ['severity="critical"', true],
    ['severity=critical', true],
    ['severity!=critical', false],
    ['severity=~"warn.*|crit.*"', true],
    ['severity=~"crit"', false],
    ['severity!~"crit"', true],
    ['entity="web-2"', true],
    ['entity!="web-2"', false],
    ['entity=~"web-[3-9]"', false],
    ['entity!~"web-[3-9]"', true],
    ['tenant=""', true],
    ['tenant=~".+"', false],
    ['tenant!=""', false],
    ['scope="say \\"hi\\""', true],
    [' source = "service" ', true],
  ])('%s is %s of an incident', (text, expected) => {
    expect(matcherOf(text).matches(labels)).toBe(expected);
  });

  it.each([['severity'], ['host="a"'], ['severity=="a"'], ['severity=~"("'], ['a b="c"']])('%s is refused', (text) => {
    expect(() => matcherOf(text)).toThrow(expect.objectContaining({ code: 'NOTIFY_MATCHER' }));
  });

  it('takes linear time for a pattern that others backtrack for', () => {
    const started = performance.now();
    const hostile = labelsOf(anIncident('i', { entities: ['a'.repeat(2000)] }));
    expect(matcherOf('entity=~"(a+)+b"').matches(hostile)).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
