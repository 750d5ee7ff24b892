import { createElement } from 'react';
import { expect, test } from 'vitest';
import type { Alert, IncidentDetail } from '../../../../web/api/client.js';
import { AskedFor } from '../../../../web/pages/incidents/asked-for.js';
import { markupOf, textsOf } from '../markup.js';

type Asked = NonNullable<Alert['asked']>;

const ASKED: Asked = {
  ...{ requests: 1_203, assets: 1, client_errors: 1_100, different_paths: 412 },
  paths: Array.from({ length: 8 }, (_, index) => ({ value: `/wp-${index}.php`, count: 90 - index })),
  methods: [{ value: 'GET', count: 1_203 }],
  statuses: [
    { value: '404', count: 1_100 },
    { value: '200', count: 103 },
  ],
  user_agents: [{ value: 'scan "v2"', count: 1_203 }],
  hosts: [{ value: 'shop.example.com', count: 1_203 }],
  clients: [],
};

const alert = (asked: Asked | null): Alert => ({
  ...{ id: 'alert/1', source_kind: 'web', scope: 'client/203.0.113.7', entity: '203.0.113.7', time: 20_000 },
  ...{ detector: 'abusive-client', severity: 'warning', value: 1_203, expected_low: null, expected_high: 10 },
  ...{ window_start: 0, window_end: 20_000, fields: ['client_ip'], explanation: '', state: 'opened', asked },
});

const shown = (alerts: readonly Alert[]): string => {
  const incident: Pick<IncidentDetail, 'alerts_list' | 'scope'> = {
    scope: 'client/203.0.113.7',
    alerts_list: alerts.map((one) => ({ ...one, resolved: null })),
  };
  return markupOf(createElement(AskedFor, { incident }));
};

test('of an abuser the incident says what it asked for and got, each with how often', () => {
  const texts = textsOf(shown([alert(ASKED)]));
  expect(texts).toContain('1,203 requests, 1 asset beside them');
  expect(texts).toContain('404');
  expect(texts).toContain('1,100');
  expect(texts).toContain('shop.example.com');
});

test('the most frequent six paths are named, and of all others it is said how many there are', () => {
  const texts = textsOf(shown([alert(ASKED)]));
  expect(texts.filter((text) => text.startsWith('/wp-'))).toEqual([0, 1, 2, 3, 4, 5].map((one) => `/wp-${one}.php`));
  expect(texts).toContain('406 more');
});

test('a kind of which nothing is known is left out', () => {
  expect(textsOf(shown([alert(ASKED)]))).not.toContain('Clients');
});

test('each number leads to the requests that it counts', () => {
  const hrefs = [...shown([alert(ASKED)]).matchAll(/href="([^"]+)"/g)].map(([, href = '']) =>
    decodeURIComponent(href.replaceAll('&amp;', '&').replaceAll('+', ' ')),
  );
  expect(hrefs).toContain('/logs?source=requests&q=client_ip:203.0.113.7 status:404');
  expect(hrefs).toContain('/logs?source=requests&q=client_ip:203.0.113.7 user_agent:"scan \\"v2\\""');
});

test('the newest alert that says what was asked for counts, and without one nothing is shown', () => {
  expect(textsOf(shown([alert(ASKED), alert({ ...ASKED, requests: 7, assets: 0 }), alert(null)]))).toContain(
    '7 requests',
  );
  expect(shown([alert(null)])).toBe('');
});
