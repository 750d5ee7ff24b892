import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyGrafanaDashboards } from '../../../connectors/dashboards/apply-grafana.js';
import { applyKibanaObjects } from '../../../connectors/dashboards/apply-kibana.js';
import { HttpService } from '../../../connectors/http-service.js';
import { dashboardFiles, dashboardState } from '../../kibana-dashboard-state.js';
import { type KibanaObject, kibanaObjects } from '../../kibana-objects.js';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

type Answer = readonly [status: number, body: unknown];

let server: Server;
let url: string;
let requests: Asked[];
let answer: (asked: Asked) => Answer;

beforeEach(async () => {
  requests = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, method = '', url: path = '' } = request;
    const asked = { method, path, headers, text: Buffer.concat(chunks).toString() };
    requests.push(asked);
    const [status, body] = answer(asked);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const changes = () => requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
const service = (name: string, address = url, authorization?: string) =>
  new HttpService({ name, url: address, waitMs: 0, authorization });

/** What Grafana's HTTP API does, as far as it is asked here: it keeps what it is given, with numbers of its own. */
class PlayedGrafana {
  readonly folders = new Set<string>();
  readonly sources = new Map<string, Record<string, unknown>>();
  readonly dashboards = new Map<string, Record<string, unknown>>();
  #version = 0;

  answer({ method, path, text }: Asked): Answer {
    const last = decodeURIComponent(path.split('/').at(-1) ?? '');
    const body = text === '' ? {} : JSON.parse(text);
    if (method === 'GET' && path.startsWith('/api/folders/')) return this.#found(this.folders.has(last) && {});
    if (method === 'GET' && path.startsWith('/api/datasources/uid/')) return this.#found(this.sources.get(last));
    if (method === 'GET' && path.startsWith('/api/datasources/name/')) {
      return this.#found([...this.sources.values()].find(({ name }) => name === last));
    }
    if (method === 'GET') return this.#found(this.dashboards.get(last));
    if (path === '/api/folders') this.folders.add(body.uid);
    else if (path.startsWith('/api/datasources')) {
      const { secureJsonData: _hidden, ...shown } = body;
      this.sources.set(body.uid, { id: 1, ...shown });
    } else if (path === '/api/dashboards/db') {
      const dashboard = { ...body.dashboard, id: 7, version: ++this.#version };
      this.dashboards.set(dashboard.uid, { dashboard, meta: { folderUid: body.folderUid } });
    } else return [404, { message: 'Not found' }];
    return [200, {}];
  }

  #found(what: unknown): Answer {
    return what ? [200, what] : [404, { message: 'not found' }];
  }
}

describe('the dashboards that a server playing Grafana is given', () => {
  let grafana: PlayedGrafana;

  beforeEach(() => {
    grafana = new PlayedGrafana();
    answer = (asked) => grafana.answer(asked);
  });

  it('are made in a folder of their own, and not touched when they are applied again', async () => {
    const first = await applyGrafanaDashboards(service('Grafana'), {});
    expect(first.map(({ name, result }) => `${name} ${result}`)).toEqual([
      'folder millrace created',
      ...['alerts', 'incidents', 'overview', 'pipeline', 'sensors', 'services', 'web'].map(
        (name) => `dashboard millrace-${name} created`,
      ),
    ]);
    expect(grafana.sources.size).toBe(0);
    requests = [];
    const second = await applyGrafanaDashboards(service('Grafana'), {});
    expect(new Set(second.map(({ result }) => result))).toEqual(new Set(['unchanged']));
    expect(changes()).toEqual([]);
  });

  it('are brought up to date where they were changed or moved, and the others are left alone', async () => {
    await applyGrafanaDashboards(service('Grafana'), {});
    const web = grafana.dashboards.get('millrace-web') as { dashboard: object; meta: object };
    grafana.dashboards.set('millrace-web', { ...web, dashboard: { ...web.dashboard, title: 'mine' } });
    const alerts = grafana.dashboards.get('millrace-alerts') as { dashboard: object };
    grafana.dashboards.set('millrace-alerts', { ...alerts, meta: { folderUid: 'elsewhere' } });
    const again = await applyGrafanaDashboards(service('Grafana'), {});
    expect(again.filter(({ result }) => result !== 'unchanged')).toEqual([
      { name: 'dashboard millrace-alerts', result: 'updated' },
      { name: 'dashboard millrace-web', result: 'updated' },
    ]);
    expect(grafana.dashboards.get('millrace-web')).toMatchObject({ dashboard: { title: 'Millrace: Web' } });
  });

  it('get data sources where addresses are given, with credentials apart from them', async () => {
    const urls = { influxdb: 'http://reader:p%40ss@influx:8086', prometheus: 'http://prometheus:9090' };
    const applied = await applyGrafanaDashboards(service('Grafana'), urls);
    expect(applied.filter(({ name }) => name.startsWith('data source'))).toEqual([
      { name: 'data source millrace-influxdb', result: 'created' },
      { name: 'data source millrace-prometheus', result: 'created' },
    ]);
    expect(grafana.sources.get('millrace-influxdb')).toMatchObject({
      ...{ type: 'influxdb', url: 'http://influx:8086', basicAuth: true, basicAuthUser: 'reader' },
      jsonData: { version: 'InfluxQL', dbName: 'millrace' },
    });
    const sent = requests.find(({ method, text }) => method === 'POST' && text.includes('millrace-influxdb'));
    expect(JSON.parse(sent?.text ?? '')).toMatchObject({ secureJsonData: { basicAuthPassword: 'p@ss' } });
    const again = await applyGrafanaDashboards(service('Grafana'), urls);
    // Whether a password is the same cannot be seen.
    expect(again.filter(({ result }) => result === 'updated').map(({ name }) => name)).toEqual([
      'data source millrace-influxdb',
    ]);
  });

  it('are refused where a data source of the name has another uid, with what to do', async () => {
    grafana.sources.set('xyz', { name: 'Millrace Prometheus', uid: 'xyz' });
    await expect(applyGrafanaDashboards(service('Grafana'), { prometheus: 'http://p:9090' })).rejects.toThrow(
      /has a data source "Millrace Prometheus" with the uid xyz; the dashboards need millrace-prometheus: rename or delete it/,
    );
  });

  it('come with the token, or with the name and the password of the address', async () => {
    await applyGrafanaDashboards(service('Grafana', url, 'Bearer glsa_1'), {});
    expect(new Set(requests.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer glsa_1']));
    requests = [];
    await applyGrafanaDashboards(service('Grafana', url.replace('//', '//admin:secret@')), {});
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('admin:secret').toString('base64')}`);
  });

  it.each([
    [401, /does not accept who asks \(GET api\/folders\/millrace\): give it user:password@ in the URL, or a token/],
    [403, /lacks the right for GET api\/folders\/millrace/],
    [400, /refuses: GET api\/folders\/millrace → HTTP 400: Access denied/],
    [200, /answers GET api\/folders\/millrace with something else than is expected: is the URL right\?/],
  ])('are not given where it answers %i, and the message says what to do', async (status, message) => {
    answer = () => [status, status === 200 ? 'a page' : { message: 'Access denied' }];
    await expect(applyGrafanaDashboards(service('Grafana'), {})).rejects.toThrow(message);
  });
});

describe('the objects that a server playing Kibana is given', () => {
  const imported = (overwrite: boolean) => ({
    ...{ success: true, successCount: 23, warnings: [] },
    successResults: kibanaObjects().map(({ id, type }) => ({ id, type, meta: {}, ...(overwrite && { overwrite }) })),
  });

  function play(version: string, result: unknown): void {
    answer = ({ path }) => (path === '/s/logs/api/status' ? [200, { version: { number: version } }] : [200, result]);
  }

  it.each([
    ['8.9.0', false],
    ['8.19.3', true],
    ['9.4.2', true],
  ])('are the file that is committed, as a form, into the space that is named: Kibana %s', async (version, isThere) => {
    play(version, imported(isThere));
    const applied = await applyKibanaObjects(service('Kibana', `${url}/s/logs`, 'ApiKey abc'));
    expect(applied).toEqual(
      kibanaObjects().map(({ id, type }) => ({ name: `${type} ${id}`, result: isThere ? 'updated' : 'created' })),
    );
    const [sent] = requests.filter(({ method }) => method === 'POST');
    expect(sent?.path).toBe('/s/logs/api/saved_objects/_import?overwrite=true');
    expect(sent?.headers).toMatchObject({ 'kbn-xsrf': 'millrace', authorization: 'ApiKey abc' });
    expect(sent?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(sent?.text).toContain('name="file"; filename="millrace.ndjson"');
    const lines = sent?.text.split(/\r?\n/).filter((line) => line.startsWith('{'));
    expect(lines?.map((line) => JSON.parse(line))).toEqual(kibanaObjects());
  });

  it('are not sent to a Kibana that would not understand them', async () => {
    play('8.8.2', imported(false));
    await expect(applyKibanaObjects(service('Kibana', `${url}/s/logs`))).rejects.toThrow(
      /is 8\.8\.2, and reads no objects of 8\.9: upgrade it/,
    );
    expect(changes()).toEqual([]);
  });

  it('are told of one by one where some are refused', async () => {
    const errors = [{ type: 'dashboard', id: 'millrace-web', error: { type: 'missing_references' } }];
    play('9.0.0', { success: false, successCount: 22, errors });
    await expect(applyKibanaObjects(service('Kibana', `${url}/s/logs`))).rejects.toThrow(
      /does not import dashboard millrace-web: missing_references/,
    );
  });
});

/** A Kibana with the Dashboards API, as far as it is asked here: it keeps what it takes, and imports what it is given. */
class PlayedKibana {
  readonly dashboards = new Map<string, unknown>();
  readonly imported: KibanaObject[] = [];
  /** What it answers in place of taking a dashboard. */
  refusal: Answer | undefined;

  answer({ method, path, text }: Asked): Answer {
    if (path === '/api/status') return [200, { version: { number: '9.5.1' } }];
    if (method === 'POST') {
      const objects = text.split(/\r?\n/).filter((line) => line.startsWith('{'));
      this.imported.push(...objects.map((line) => JSON.parse(line)));
      return [
        200,
        { success: true, successResults: this.imported.map(({ id, type }) => ({ id, type })).slice(-objects.length) },
      ];
    }
    if (this.refusal !== undefined) return this.refusal;
    const id = path.slice('/api/dashboards/'.length);
    const read = dashboardState.safeParse(JSON.parse(text));
    if (!read.success) return [400, { statusCode: 400, error: 'Bad Request', message: read.error.message }];
    const isThere = this.dashboards.has(id);
    this.dashboards.set(id, read.data);
    return [isThere ? 200 : 201, { id, data: read.data, meta: {} }];
  }
}

describe('the dashboards that a server playing Kibana 9.5 is given', () => {
  let kibana: PlayedKibana;
  const saved = (isDashboard: boolean) => kibanaObjects().filter(({ type }) => (type === 'dashboard') === isDashboard);

  beforeEach(() => {
    kibana = new PlayedKibana();
    answer = (asked) => kibana.answer(asked);
  });

  it('come by the Dashboards API, after the data views and searches that they refer to', async () => {
    const applied = await applyKibanaObjects(service('Kibana'));
    expect(applied).toEqual(kibanaObjects().map(({ id, type }) => ({ name: `${type} ${id}`, result: 'created' })));
    expect(changes()).toEqual([
      'POST /api/saved_objects/_import?overwrite=true',
      ...saved(true).map(({ id }) => `PUT /api/dashboards/${id}`),
    ]);
    expect(kibana.imported).toEqual(saved(false));
    expect(Object.fromEntries(kibana.dashboards)).toEqual(Object.fromEntries(dashboardFiles()));
    expect(new Set(requests.slice(1).map(({ headers }) => headers['kbn-xsrf']))).toEqual(new Set(['millrace']));
  });

  it('are updated where they are there', async () => {
    await applyKibanaObjects(service('Kibana'));
    const again = await applyKibanaObjects(service('Kibana'));
    const results = again.filter(({ name }) => name.startsWith('dashboard')).map(({ result }) => result);
    expect(results).toEqual(saved(true).map(() => 'updated'));
  });

  it.each([
    [
      400,
      { message: '[request body.panels.0]: unknown key' },
      /API answers: \[request body\.panels\.0\]: unknown key$/,
    ],
    [404, { message: 'Not Found' }, /API answers: Not Found$/],
  ])('are saved objects where it does not take them, and the result says why: HTTP %i', async (status, body, note) => {
    kibana.refusal = [status, body];
    const applied = await applyKibanaObjects(service('Kibana'));
    expect(kibana.imported).toEqual(kibanaObjects());
    const dashboards = applied.filter(({ name }) => name.startsWith('dashboard'));
    expect(dashboards.map(({ result }) => result)).toEqual(saved(true).map(() => 'created'));
    for (const one of dashboards) expect(one.note).toMatch(note);
  });

  it('are not applied by whoever may not, and the message says so', async () => {
    kibana.refusal = [403, { message: 'Forbidden' }];
    await expect(applyKibanaObjects(service('Kibana'))).rejects.toThrow(
      /whoever asks .* lacks the right for PUT api\/dashboards\/millrace-web/,
    );
  });
});
