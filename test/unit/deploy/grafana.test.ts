import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboards } from '../../../deploy/grafana/source/dashboards.js';

const DIRECTORY = fileURLToPath(new URL('../../../deploy/grafana/', import.meta.url));

const source = z.object({ type: z.string(), uid: z.string() });
const panel = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  datasource: source.optional(),
  targets: z.array(z.object({ refId: z.string(), datasource: source })).default([]),
});
const dashboard = z.object({
  uid: z.string(),
  id: z.null(),
  schemaVersion: z.int(),
  title: z.string(),
  panels: z.array(panel),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), datasource: source })) }),
  links: z.array(z.object({ type: z.string(), url: z.string().optional() })),
});

const files = readdirSync(join(DIRECTORY, 'dashboards')).sort();
const text = (file: string) => readFileSync(join(DIRECTORY, 'dashboards', file), 'utf8');
const read = (file: string) => dashboard.parse(JSON.parse(text(file)));

const provisioned = z
  .object({ datasources: z.array(z.object({ uid: z.string(), type: z.string() })) })
  .parse(parse(readFileSync(join(DIRECTORY, 'provisioning/datasources/millrace.yml'), 'utf8')))
  .datasources.map(({ type, uid }) => `${type} ${uid}`);

it('the dashboards that are committed are those that their source makes; npm run grafana writes them', () => {
  const made = dashboards();
  expect(files).toEqual([...made.keys()].sort());
  for (const [name, board] of made) expect(JSON.parse(text(name)), name).toEqual(JSON.parse(JSON.stringify(board)));
});

it('each dashboard has a uid of its own', () => {
  const uids = files.map((file) => read(file).uid);
  expect(uids).toEqual(files.map((file) => `millrace-${file.replace('.json', '')}`));
});

describe.each(files)('the dashboard %s', (file) => {
  const board = read(file);

  it('is of a version that Grafana 11 to 13 read, and asks for nothing when it is imported', () => {
    expect(board.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(board.schemaVersion).toBeLessThanOrEqual(41);
    expect(text(file)).not.toContain('__inputs');
  });

  it('asks only data sources that are provisioned', () => {
    const asked = [
      ...board.panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((target) => target.datasource)]),
      ...board.annotations.list.map(({ datasource }) => datasource),
    ].flatMap((one) => (one === undefined ? [] : `${one.type} ${one.uid}`));
    expect(asked.filter((one) => !provisioned.includes(one))).toEqual([]);
  });

  it('has panels that do not lie on each other, and queries that are told apart', () => {
    const ids = board.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { targets } of board.panels)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    const cells = board.panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of board.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('shows incidents as annotations, and leads to the same page of Millrace', () => {
    expect(board.annotations.list.map(({ name }) => name)).toEqual(['Incidents']);
    const own = board.links.find(({ type }) => type === 'link');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's variable
    expect(own?.url?.startsWith('${millrace}/')).toBe(true);
    expect(board.templating.list.map(({ name }) => name)).toContain('millrace');
  });
});
