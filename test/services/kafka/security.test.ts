import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BesideLog } from '../../../app/log/beside-log.js';
import type { Notice } from '../../../app/notice.js';
import { startStreams } from '../../../app/pipeline/start-streams.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../../topology/serdes.js';
import { Brokers } from '../../brokers/brokers.js';
import { Certificates } from '../../brokers/certificates.js';
import { giveRights, type Right, SCRAM_AND_RIGHTS, scramArguments } from '../../brokers/rights.js';
import { millrace, temporaryDirectory } from '../../integration/millrace.js';
import { simulated } from '../../reference/events.js';
import { expectSameGoals } from '../../reference/expect-goals.js';
import { referenceGoals } from '../../reference/goals.js';
import {
  apart,
  appendEvents,
  createGoalTopics,
  MemoryRegistry,
  partitioned,
  runGoals,
} from '../../reference/run-goals.js';
import { until } from '../../until.js';

const PARTITIONS = 2;
const PASSWORD = 'secret';
/** Of one that was never let in, this is soon. */
const SOON_MS = 10_000;

/** What docs/kafka.md says that a user needs, for a pipeline whose topics and application have names of their own. */
function rights(name: string): Right[] {
  const { accessLog, deadLetters, goal1, goal2, goal3, goal4, late, pipelineStatus, serverErrors } = apart(name).topics;
  const results = [goal1, goal2, goal3, goal4, serverErrors];
  return [
    ['TOPIC', accessLog, 'LITERAL', 'READ'],
    // It feeds the pipeline, too.
    ['TOPIC', accessLog, 'LITERAL', 'WRITE'],
    ...[...results, deadLetters, late].map((topic) => ['TOPIC', topic, 'LITERAL', 'WRITE'] as const),
    // `start` shows the newest results.
    ...results.map((topic) => ['TOPIC', topic, 'LITERAL', 'READ'] as const),
    ...[accessLog, ...results, deadLetters, late].map((topic) => ['TOPIC', topic, 'LITERAL', 'CREATE'] as const),
    ['TOPIC', pipelineStatus, 'LITERAL', 'CREATE'],
    ['TOPIC', pipelineStatus, 'LITERAL', 'WRITE'],
    ...(['CREATE', 'READ', 'WRITE', 'DELETE'] as const).map(
      (operation) => ['TOPIC', `app-${name}-`, 'PREFIXED', operation] as const,
    ),
    ['GROUP', `app-${name}`, 'LITERAL', 'READ'],
    ['TRANSACTIONAL_ID', `millrace-${name}`, 'LITERAL', 'WRITE'],
  ];
}

interface Missing {
  readonly user: string;
  readonly is: (right: Right) => boolean;
  readonly told: RegExp;
}

const MISSING: readonly Missing[] = [
  {
    user: 'no-read',
    is: ([, name, , operation]) => name === apart('no-read').topics.accessLog && operation === 'READ',
    told: /does not give the user "no-read" the right Read on the topic "no-read-test-inter"/,
  },
  {
    user: 'no-write',
    is: ([, name, , operation]) => name === apart('no-write').topics.goal3 && operation === 'WRITE',
    told: /does not give the user "no-write" the right Write on the topic "no-write-goal3-topic"/,
  },
  {
    user: 'no-create',
    is: ([, name, , operation]) => name.startsWith('app-') && operation === 'CREATE',
    told: /does not give the user "no-create" the right Create on the topic "app-no-create-/,
  },
  {
    user: 'no-changelog',
    is: ([, name, pattern, operation]) => name.startsWith('app-') && pattern === 'PREFIXED' && operation === 'WRITE',
    told: /does not give the user "no-changelog" the right Write on the topic "app-no-changelog-/,
  },
  {
    user: 'no-group',
    is: ([resource]) => resource === 'GROUP',
    told: /does not give the user "no-group" the right Read on the group "app-no-group"/,
  },
  {
    user: 'no-transactions',
    is: ([resource]) => resource === 'TRANSACTIONAL_ID',
    told: /does not give the user "no-transactions" the right Write.* on the transactional id "millrace-no-transactions"/,
  },
  {
    user: 'no-delete',
    is: ([, , , operation]) => operation === 'DELETE',
    told: /does not give the user "no-delete" the right Delete on the topic "app-no-delete-t"/,
  },
];
/** What it misses stops nothing. */
const NO_STATUS = 'no-status';
const USERS = ['all', NO_STATUS, ...MISSING.map(({ user }) => user)];

const reason = await Brokers.whyNot();

describe.skipIf(reason)('a broker that wants TLS, SCRAM and rights', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let authority: string;
  let otherAuthority: string;
  let brokers: Brokers;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    const certificates = new Certificates(directory.path);
    authority = await certificates.authority('authority');
    otherAuthority = await certificates.authority('other');
    const valid = await certificates.broker('valid', 'authority', 2);
    const expired = await certificates.broker('expired', 'authority', -1);
    brokers = await Brokers.start({
      protocol: 'SASL_SSL',
      otherProtocol: 'SSL',
      settings: {
        'listener.name.client.ssl.keystore.type': 'PEM',
        'listener.name.client.ssl.keystore.location': valid,
        'listener.name.other.ssl.keystore.type': 'PEM',
        'listener.name.other.ssl.keystore.location': expired,
        ...SCRAM_AND_RIGHTS,
      },
      formatArgs: scramArguments(USERS, PASSWORD),
    });
    await giveRights(`127.0.0.1:${brokers.at(0).internalPort}`, USERS, (user) => {
      const missing = MISSING.find((one) => one.user === user);
      const { pipelineStatus } = apart(user).topics;
      return rights(user).filter(
        (right) => !missing?.is(right) && !(user === NO_STATUS && right[1] === pipelineStatus),
      );
    });
  }, 120_000);
  afterAll(async () => {
    await brokers?.close();
    await directory?.remove();
  });

  const settingsOf = (user: string, further: Readonly<Record<string, string>> = {}) => ({
    'security.protocol': 'sasl_ssl',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.username': user,
    'sasl.password': PASSWORD,
    'ssl.ca.location': authority,
    ...further,
  });

  async function open(user: string, further: Readonly<Record<string, string>> = {}, address = brokers.bootstrap) {
    return KafkaLog.open({
      brokers: address,
      transactionalId: `millrace-${user}`,
      settings: settingsOf(user, further),
      say: () => {},
    });
  }

  async function runAs(user: string, count: number) {
    const log = await open(user);
    try {
      const events = simulated(count, 5, 2000);
      const options = { log, partitions: PARTITIONS, config: apart(user), applicationId: `app-${user}` };
      return { events, actual: await runGoals(events, { ...options, batchEvents: 5000, commitInterval: 100 }) };
    } finally {
      await log.close();
    }
  }

  it('serves who has the rights that the documentation names, exactly once', async () => {
    const { actual, events } = await runAs('all', 30_000);
    const expected = referenceGoals(partitioned(events, PARTITIONS), { graceMs: 5000 });
    expectSameGoals(actual, expected);
    expect(actual.records[3]).toBe(expected.goal3.size);
    expect(actual.records[4]).toBe(expected.goal4.size);
  });

  it.each(MISSING.filter(({ user }) => user !== 'no-delete'))(
    'ends who misses one with a line that names it: $user',
    async ({ told, user }) => {
      await expect(runAs(user, 3000)).rejects.toThrow(told);
      await expect(runAs(user, 3000)).rejects.toMatchObject({ code: 'LOG_REFUSED' });
    },
    60_000,
  );

  /** As `start` runs it, which tells what the instance does. @returns what it had to say */
  async function runInstance(user: string, directoryOfUser: string): Promise<Notice[]> {
    const notices: Notice[] = [];
    const log = await open(user);
    const beside = new BesideLog(() => {
      const { bootstrap } = brokers;
      return KafkaLog.open({
        brokers: bootstrap,
        guarantee: 'at-least-once',
        settings: settingsOf(user),
        say: () => {},
      });
    });
    const topics = { ...DEFAULT_APPLICATION_CONFIG.topics, ...apart(user).topics };
    const config = { ...DEFAULT_APPLICATION_CONFIG, topics, pipelines: ['goals'] as const };
    await createGoalTopics(log, { ...config, ...apart(user) }, PARTITIONS);
    const serdes = await registerSerdes(new MemoryRegistry(), apart(user).topics);
    await appendEvents(log, config, serdes, simulated(3000, 5, 2000));
    const options = {
      ...{ applicationId: `app-${user}`, commitInterval: 100, idle: 'never' as const, maxTimeAhead: 86_400_000 },
      ...{ numStandbyReplicas: 0, tellsStatusAs: '9.9.9' },
    };
    const host = { onFailure: () => {}, onNotice: (notice: Notice) => notices.push(notice) };
    const data = { log, beside, stateDirectory: directoryOfUser };
    const streams = await startStreams(data, config, serdes as TopicSerdes, options, host);
    try {
      await until(() => streams.metrics.recordsConsumed === 3000);
      const { pipelineStatus: topic } = config.topics;
      const ofAll = await open('all');
      await until(async () => {
        if (notices.length > 0) return true;
        return (await ofAll.partitions(topic)) !== undefined && (await ofAll.endOffset({ topic, partition: 0 })) > 1;
      });
      await ofAll.close();
    } finally {
      await streams.close();
      await beside.close();
      await log.close();
    }
    expect(streams.state).toBe('NOT_RUNNING');
    return notices;
  }

  it('tells what an instance does by the rights that are documented; without them it says so once, and works', async () => {
    expect(await runInstance('all', join(directory.path, 'all'))).toEqual([]);
    const notices = await runInstance(NO_STATUS, join(directory.path, NO_STATUS));
    expect(notices).toEqual([
      {
        kind: 'status-untold',
        why: expect.stringMatching(/"no-status" the right Create on the topic "no-status-pipe/),
      },
    ]);
  }, 120_000);

  it('names the right to delete records, too', async () => {
    const log = await open('no-delete');
    const topic = 'app-no-delete-t';
    await log.ensureTopic(topic, { partitions: 1 });
    const told = MISSING.find(({ user }) => user === 'no-delete')?.told;
    await expect(log.deleteRecords({ topic, partition: 0 }, 1)).rejects.toThrow(told);
    await log.close();
  });

  it.each([
    ['a wrong password', { 'sasl.password': 'wrong' }, /does not let the user "all" in/],
    ['an unknown user', { 'sasl.username': 'nobody' }, /does not let the user "nobody" in/],
    ['another mechanism', { 'sasl.mechanism': 'PLAIN' }, /does not take sasl.mechanism PLAIN/],
  ] as const)('tells of %s soon, and ends', async (_what, further, told) => {
    const startedAt = performance.now();
    await expect(open('all', further)).rejects.toThrow(told);
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
  });

  it('tells of an authority that is not the one that signed', async () => {
    const further = { 'ssl.ca.location': otherAuthority };
    await expect(open('all', further)).rejects.toThrow(/is not of a known authority; see ssl.ca.location/);
  });

  it('tells of a certificate that has expired', async () => {
    const address = `127.0.0.1:${brokers.at(0).otherPort}`;
    const further = { 'security.protocol': 'ssl' };
    await expect(open('all', further, address)).rejects.toThrow(/a certificate has expired/);
  });

  it.each([
    ['does not speak TLS, where it is wanted', () => brokers.at(0).internalPort, {}, /does it speak TLS there\?/],
    [
      'speaks TLS, where it is not wanted',
      () => brokers.at(0).otherPort,
      { 'security.protocol': 'plaintext' },
      /does it want TLS\?/,
    ],
  ] as const)('says of a listener that %s', async (_what, port, further, told) => {
    const said: string[] = [];
    const stop = new AbortController();
    const opened = KafkaLog.open({
      brokers: `127.0.0.1:${port()}`,
      settings: settingsOf('all', further),
      say: (message) => said.push(message),
      signal: stop.signal,
    });
    // It may be a broker that starts: it is waited for.
    const ended = expect(opened).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await until(() => said[0], { patienceMs: SOON_MS });
    stop.abort();
    await ended;
    expect(said[0]).toMatch(told);
  });

  it('is told by the program in one line, with exit code 1', async () => {
    const settings = Object.entries(settingsOf('all', { 'sasl.password': 'wrong' }));
    const { code, stderr } = await millrace([
      'start',
      ...['--brokers', brokers.bootstrap, '--registry', 'http://127.0.0.1:9'],
      ...['--data-dir', directory.path],
      ...settings.flatMap(([name, value]) => ['--kafka-setting', `${name}=${value}`]),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^millrace: Kafka at \S+ does not let the user "all" in: .*$/m);
    expect(stderr).not.toContain('    at ');
  });
});
