import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { RecordDecoder } from '../../app/results/record-decoder.js';
import { fileSchema } from '../../notify/config.js';
import { labelsOf } from '../../notify/labels.js';
import { Notifier } from '../../notify/notifier.js';
import { routesFor } from '../../notify/routing.js';
import { rulesOf } from '../../notify/rules.js';
import { Secrets } from '../../notify/secrets.js';
import { Settings } from '../../notify/settings.js';
import { makeNotifyTopics, NOTIFY_TOPICS } from '../../notify/topics.js';
import type { Incident } from '../../schemas/records.js';
import { SchemaDirectory } from '../../schemas/schema-directory.js';
import { freePort } from '../free-port.js';
import { anIncident } from '../unit/notify/incident.js';
import { Receiver } from '../unit/notify/receiver.js';
import { until } from '../until.js';

const run = promisify(execFile);

/** Debian's names, and those of the project's own binaries. */
const PROGRAM = ['prometheus-alertmanager', 'alertmanager'].find((name) => {
  return spawnSync(name, ['--version']).error === undefined;
});
const hasAmtool = spawnSync('amtool', ['--version']).error === undefined;
const reason = PROGRAM !== undefined && hasAmtool ? undefined : 'Alertmanager and amtool are not installed';
if (reason !== undefined) console.warn(`skipped, for ${reason}`);

/** A route as both have it. */
interface Tree {
  readonly channel?: string;
  readonly matchers?: readonly string[];
  readonly continue?: boolean;
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly mute?: readonly string[];
  readonly active?: readonly string[];
  readonly routes?: readonly Tree[];
}

/** `always` is each minute of each day, `never` one minute of a day of another season. */
const SCHEDULES = { always: '* * * * *', never: `0 0 1 ${((new Date().getUTCMonth() + 6) % 12) + 1} *` };
const INHIBITION = { source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'] };
const EQUAL = ['entity'] as const;
/** Which are not told of ends. */
const QUIET = ['quiet'];

const own = ({ channel, active, mute, routes, ...rest }: Tree) => rest;

function millraceFile(tree: Tree, channels: readonly string[], url: string) {
  const routeOf = (one: Tree): object => ({
    ...own(one),
    ...(one.channel === undefined ? {} : { channels: [one.channel] }),
    ...(one.mute === undefined ? {} : { mute_schedules: one.mute }),
    ...(one.active === undefined ? {} : { active_schedules: one.active }),
    routes: (one.routes ?? []).map(routeOf),
  });
  return fileSchema.parse({
    allow: ['127.0.0.1'],
    channels: channels.map((name) => {
      return {
        name,
        type: 'alertmanager-webhook',
        url: `${url}/millrace/${name}`,
        send_resolved: !QUIET.includes(name),
      };
    }),
    route: routeOf(tree),
    inhibit_rules: [{ ...INHIBITION, equal: EQUAL }],
    schedules: Object.entries(SCHEDULES).map(([name, cron]) => ({ name, cron, duration: '2m' })),
  });
}

function alertmanagerConfig(tree: Tree, channels: readonly string[], url: string): string {
  const routeOf = (one: Tree): object => ({
    ...own(one),
    ...(one.channel === undefined ? {} : { receiver: one.channel }),
    ...(one.mute === undefined ? {} : { mute_time_intervals: one.mute }),
    ...(one.active === undefined ? {} : { active_time_intervals: one.active }),
    routes: (one.routes ?? []).map(routeOf),
  });
  const month = Number(SCHEDULES.never.split(' ')[3]);
  return stringify({
    route: routeOf(tree),
    receivers: channels.map((name) => {
      return { name, webhook_configs: [{ url: `${url}/alertmanager/${name}`, send_resolved: !QUIET.includes(name) }] };
    }),
    inhibit_rules: [{ ...INHIBITION, equal: EQUAL }],
    time_intervals: [
      { name: 'always', time_intervals: [{ times: [{ start_time: '00:00', end_time: '24:00' }] }] },
      {
        name: 'never',
        time_intervals: [
          { months: [`${month}`], days_of_month: ['1'], times: [{ start_time: '00:00', end_time: '00:01' }] },
        ],
      },
    ],
  });
}

/** An incident as an alert that was made for Alertmanager would be. */
function labels({ detectors, entities, id, scope, severity, source_kind }: Incident): Record<string, string> {
  return {
    ...{ alertname: 'test', incident: id, source: source_kind, scope, severity },
    ...{ detector: detectors[0] ?? '', entity: entities[0] ?? '' },
  };
}

describe.skipIf(reason)('beside Alertmanager', () => {
  let directory: string;
  let receiver: Receiver;
  const running: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-alertmanager-'));
    receiver = await Receiver.start();
  });
  afterAll(async () => {
    for (const stop of running.reverse()) await stop();
    await receiver?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function configFile(tree: Tree, channels: readonly string[]): Promise<string> {
    const file = join(directory, `config-${Math.random()}.yml`);
    await writeFile(file, alertmanagerConfig(tree, channels, receiver.url));
    return file;
  }

  /** @returns its address */
  async function startAlertmanager(config: string): Promise<string> {
    const url = `http://127.0.0.1:${await freePort()}`;
    const storage = await mkdtemp(join(directory, 'storage-'));
    const process: ChildProcess = spawn(
      PROGRAM ?? '',
      [
        ...[`--config.file=${config}`, `--storage.path=${storage}`, `--web.listen-address=${url.slice(7)}`],
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    );
    running.push(async () => {
      const ended = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGTERM');
      await ended;
    });
    await until(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok);
    return url;
  }

  /** Alert delivery over a log of its own. */
  async function startMillrace(file: ReturnType<typeof millraceFile>) {
    const log = await EmbeddedLog.inMemory();
    await log.ensureTopic('incidents', { partitions: 1 });
    await makeNotifyTopics(log);
    const settings = new Settings(log, file, Secrets.of(join(directory, 'key')));
    const decoder = new RecordDecoder(new SchemaDirectory(join(directory, 'schemas.json')));
    const notifier = Notifier.start({ log, decoder, settings, incidentsTopic: 'incidents', onProblem: console.warn });
    running.push(async () => {
      await notifier.close();
      await log.close();
    });
    return {
      put: async (topic: string, key: string, value: unknown) => {
        const transaction = log.transaction();
        transaction.append(topic, 0, Date.now(), Buffer.from(key), Buffer.from(JSON.stringify(value)));
        await transaction.commit();
      },
    };
  }

  it('an incident takes the same routes', async () => {
    const channels = ['root', 'a', 'b', 'c', 'd', 'e', 'f'];
    const tree: Tree = {
      channel: 'root',
      routes: [
        { matchers: ['severity="critical"'], channel: 'a', continue: true },
        {
          matchers: ['source="web"'],
          channel: 'b',
          routes: [
            { matchers: ['scope=~"shop-.*"', 'entity!="db"'], channel: 'c', continue: true },
            { matchers: ['detector!~"lat|err"'], channel: 'd' },
          ],
        },
        { matchers: ['scope!~"shop-[0-9]+"', 'source=~"service|sensor"'], continue: true, routes: [] },
        { matchers: ['entity=~"(db|cache)"'], channel: 'e', routes: [{ matchers: ['severity=~".+"'] }] },
        { matchers: ['entity=""'], channel: 'f' },
      ],
    };
    const rules = rulesOf(millraceFile(tree, channels, receiver.url), NOTHING_EDITED, () => false);
    const config = await configFile(tree, channels);
    const table: Incident[] = [];
    for (const severity of ['warning', 'critical'] as const) {
      for (const source_kind of ['web', 'service'] as const) {
        for (const scope of ['shop-1', 'other']) {
          for (const entities of [['db'], ['front'], []]) {
            for (const detectors of [['lat'], ['latency']]) {
              table.push(anIncident('x', { severity, source_kind, scope, entities, detectors }));
            }
          }
        }
      }
    }
    const ours = table.map((incident) => routesFor(rules.route, labelsOf(incident)).map((one) => one.channels.join()));
    const theirs = [];
    for (const incident of table) {
      const given = Object.entries(labels(incident)).map(([name, value]) => `${name}=${value}`);
      const { stdout } = await run('amtool', ['config', 'routes', 'test', `--config.file=${config}`, ...given]);
      theirs.push(stdout.trim().split(','));
    }
    expect(ours).toEqual(theirs);
    expect(new Set(theirs.flat()).size).toBe(channels.length);
  }, 120_000);

  it('the same is told at the same times', async () => {
    const channels = ['all', 'first', 'second', 'quiet', 'each', 'muted', 'inactive'];
    const tree: Tree = {
      ...{ channel: 'all', group_by: ['scope'], group_wait: '1s', group_interval: '4s', repeat_interval: '10s' },
      routes: [
        { matchers: ['scope="continued"'], channel: 'first', continue: true },
        { matchers: ['scope="continued"'], channel: 'second', group_wait: '3s' },
        { matchers: ['scope="quiet"'], channel: 'quiet' },
        { matchers: ['scope="each"'], channel: 'each', group_by: ['...'], group_wait: '0s' },
        { matchers: ['scope="muted"'], channel: 'muted', mute: ['always'] },
        { matchers: ['scope="mute-never"'], channel: 'muted', mute: ['never'] },
        { matchers: ['scope="inactive"'], channel: 'inactive', active: ['never'] },
        { matchers: ['scope="active"'], channel: 'inactive', active: ['always'] },
      ],
    };
    const alertmanager = await startAlertmanager(await configFile(tree, channels));
    const millrace = await startMillrace(millraceFile(tree, channels, receiver.url));
    const started = Date.now();

    const opened = new Map<string, number>();
    const put = async (id: string, goesOn: boolean, changes: Partial<Incident>): Promise<void> => {
      const now = Date.now();
      const since = goesOn ? now : (opened.get(id) ?? now);
      opened.set(id, since);
      // Each is of an entity of its own, unless it says so.
      const state = goesOn ? {} : { state: 'resolved' as const, resolved: now };
      const incident = anIncident(id, { entities: [id], ...changes, ...state, opened: since, updated: now });
      const alert = {
        labels: labels(incident),
        startsAt: new Date(since).toISOString(),
        ...(goesOn ? {} : { endsAt: new Date(now).toISOString() }),
      };
      const [answer] = await Promise.all([
        fetch(`${alertmanager}/api/v2/alerts`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify([alert]),
        }),
        millrace.put('incidents', id, incident),
      ]);
      expect(answer.ok).toBe(true);
    };
    const silence = async (scope: string, forMs: number): Promise<void> => {
      const [from, to] = [Date.now(), Date.now() + forMs];
      const times = { startsAt: new Date(from).toISOString(), endsAt: new Date(to).toISOString() };
      const matchers = [{ name: 'scope', value: scope, isRegex: false, isEqual: true }];
      await fetch(`${alertmanager}/api/v2/silences`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ matchers, ...times, createdBy: 'test', comment: 'test' }),
      });
      const own = { id: scope, matchers: [`scope="${scope}"`], from, until: to, schedule: null, reason: '', by: '' };
      await millrace.put(NOTIFY_TOPICS.config, `silence/${scope}`, own);
    };

    /** Seconds, and what happens then: what goes on (+) or is over (-). */
    const script: readonly (readonly [number, () => Promise<void>])[] = [
      [0, () => silence('silent', 6000)],
      [0.2, () => put('stays', true, { scope: 'stays' })],
      [0.2, () => put('pair-1', true, { scope: 'pair' })],
      [0.2, () => put('late-1', true, { scope: 'late' })],
      [0.2, () => put('ends', true, { scope: 'ends' })],
      [0.2, () => put('short', true, { scope: 'short' })],
      [0.2, () => put('source', true, { scope: 'source', severity: 'critical', entities: ['shared'] })],
      [0.2, () => put('target', true, { scope: 'target', severity: 'warning', entities: ['shared'] })],
      [0.2, () => put('free', true, { scope: 'free', severity: 'warning', entities: ['other'] })],
      [0.2, () => put('silent', true, { scope: 'silent' })],
      [0.2, () => put('continued', true, { scope: 'continued' })],
      [0.2, () => put('quiet', true, { scope: 'quiet' })],
      [0.2, () => put('each-1', true, { scope: 'each' })],
      [0.2, () => put('each-2', true, { scope: 'each' })],
      [0.2, () => put('muted', true, { scope: 'muted' })],
      [0.2, () => put('mute-never', true, { scope: 'mute-never' })],
      [0.2, () => put('inactive', true, { scope: 'inactive' })],
      [0.2, () => put('active', true, { scope: 'active' })],
      [0.6, () => put('short', false, { scope: 'short' })],
      [0.6, () => put('pair-2', true, { scope: 'pair' })],
      [2.5, () => put('late-2', true, { scope: 'late' })],
      [2.5, () => put('ends', false, { scope: 'ends' })],
      [2.5, () => put('quiet', false, { scope: 'quiet' })],
      [2.5, () => put('pair-1', false, { scope: 'pair' })],
      [6.5, () => put('source', false, { scope: 'source', severity: 'critical', entities: ['shared'] })],
      [6.5, () => put('pair-2', false, { scope: 'pair' })],
    ];
    for (const [at, act] of script) {
      await delay(Math.max(0, started + at * 1000 - Date.now()));
      await act();
    }
    // To the middle of two intervals.
    await delay(Math.max(0, started + 16_000 - Date.now()));

    interface Body {
      readonly status: string;
      readonly groupLabels: { readonly scope?: string };
      readonly alerts: readonly { readonly status: string; readonly labels: { readonly incident: string } }[];
    }
    const toldBy = (who: string) => {
      const calls = receiver.received.flatMap(({ at, body, path }) => {
        const [, by, channel] = path.split('/');
        if (by !== who) return [];
        const { alerts, status } = JSON.parse(body) as Body;
        const names = alerts.map((one) => `${one.status === 'firing' ? '+' : '-'}${one.labels.incident}`).sort();
        return [{ at: (at - started) / 1000, said: `${channel} ${status} ${names.join(' ')}` }];
      });
      return calls.sort((one, other) => (one.said < other.said ? -1 : one.said > other.said ? 1 : one.at - other.at));
    };
    const [ours, theirs] = [toldBy('millrace'), toldBy('alertmanager')];
    expect(ours.map(({ said }) => said)).toEqual(theirs.map(({ said }) => said));
    for (const [index, { at, said }] of ours.entries()) {
      const apart = Math.abs(at - (theirs[index]?.at ?? 0));
      // Less than half of what lies between two looks.
      expect(apart, `${said} at ${at} s and ${theirs[index]?.at} s`).toBeLessThan(1.9);
    }
    // The table holds what it is to compare.
    const said = theirs.map((one) => one.said);
    expect(said.filter((one) => one === 'all firing +stays')).toHaveLength(2);
    for (const one of [
      'all firing +pair-1 +pair-2',
      'all resolved -ends',
      'all firing +target',
      'all firing +silent',
    ]) {
      expect(said).toContain(one);
    }
    for (const name of ['short', 'muted', 'inactive']) expect(said.join()).not.toMatch(new RegExp(`\\+${name}\\b`));
  }, 120_000);

  it('is told incidents by its API, and amtool shows them until they are over', async () => {
    const url = await startAlertmanager(await configFile({ channel: 'unused' }, ['unused']));
    const file = fileSchema.parse({
      ...{ allow: ['127.0.0.1'], dashboard_url: 'https://logs.example' },
      channels: [{ name: 'alertmanager', type: 'alertmanager', url }],
      route: { channels: ['alertmanager'], group_wait: 0, group_interval: 0 },
    });
    const millrace = await startMillrace(file);
    const query = async () => {
      const { stdout } = await run('amtool', ['alert', 'query', `--alertmanager.url=${url}`, '-o', 'json']);
      return JSON.parse(stdout) as { labels: Record<string, string>; annotations: object; generatorURL: string }[];
    };
    const now = Date.now();
    const incident = anIncident('service/checkout/1', { opened: now, updated: now });
    await millrace.put('incidents', incident.id, incident);
    const [alert] = await until(async () => {
      const all = await query();
      return all.length > 0 && all;
    });
    expect(alert).toMatchObject({
      labels: { alertname: 'MillraceIncident', incident: incident.id, severity: 'warning', scope: incident.scope },
      annotations: { summary: incident.summary, entities: 'checkout' },
      generatorURL: expect.stringContaining('https://logs.example'),
    });
    // What is worse is one alert, and not two.
    await millrace.put('incidents', incident.id, { ...incident, severity: 'critical', updated: now + 1 });
    await until(async () => (await query()).map((one) => one.labels['severity']).join() === 'critical');
    await millrace.put('incidents', incident.id, {
      ...{ ...incident, severity: 'critical', updated: now + 2, state: 'resolved', resolved: Date.now() },
    });
    await until(async () => (await query()).length === 0);
  }, 60_000);
});

const NOTHING_EDITED = {
  ...{ channels: new Map(), routes: new Map(), silences: new Map(), schedules: new Map(), inhibitions: new Map() },
  flapping: undefined,
};
