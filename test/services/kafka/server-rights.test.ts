import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../../api/serve.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { DEFAULT_TOPICS } from '../../../schemas/topics.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { Brokers } from '../../brokers/brokers.js';
import { giveRights, type Right, SCRAM_AND_RIGHTS, scramArguments } from '../../brokers/rights.js';
import { temporaryDirectory } from '../../integration/millrace.js';

const PASSWORD = 'secret';
const CREATES = ['CREATE', 'READ', 'WRITE'] as const;

/** What docs/kafka.md says that a server needs. */
const RIGHTS: readonly Right[] = [
  ...Object.values(DEFAULT_TOPICS).map((topic) => ['TOPIC', topic, 'LITERAL', 'READ'] as const),
  ...CREATES.map((operation) => ['TOPIC', 'notify-', 'PREFIXED', operation] as const),
  ...['incident-actions', 'saved-queries', 'dead-letter-replays'].flatMap((topic) =>
    CREATES.map((operation) => ['TOPIC', topic, 'LITERAL', operation] as const),
  ),
  ['TOPIC', 'connect-status', 'LITERAL', 'READ'],
  ['GROUP', 'millrace-notify', 'LITERAL', 'READ'],
  ['GROUP', 'millrace-replay', 'LITERAL', 'READ'],
  ['TRANSACTIONAL_ID', 'millrace-', 'PREFIXED', 'WRITE'],
];
/** The user misses the right to make the topics of alert delivery. */
const NO_NOTIFY = 'no-notify';
const USERS = ['server', NO_NOTIFY];

const reason = await Brokers.whyNot();

describe.skipIf(reason)('a server by rights', () => {
  let brokers: Brokers;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    brokers = await Brokers.start({
      protocol: 'SASL_PLAINTEXT',
      settings: SCRAM_AND_RIGHTS,
      formatArgs: scramArguments(USERS, PASSWORD),
    });
    const bootstrap = `127.0.0.1:${brokers.at(0).internalPort}`;
    // The pipeline has made its topics.
    const pipeline = await KafkaLog.open({ brokers: bootstrap, say: () => {} });
    for (const topic of Object.values(DEFAULT_TOPICS)) await pipeline.ensureTopic(topic, { partitions: 1 });
    await pipeline.close();
    await giveRights(bootstrap, USERS, (user) =>
      RIGHTS.filter(([, name, , operation]) => !(user === NO_NOTIFY && name === 'notify-' && operation === 'CREATE')),
    );
  }, 120_000);
  afterAll(async () => {
    await brokers?.close();
    await directory?.remove();
  });

  async function serveAs(user: string) {
    const log = await KafkaLog.open({
      brokers: brokers.bootstrap,
      settings: {
        'security.protocol': 'sasl_plaintext',
        'sasl.mechanism': 'SCRAM-SHA-512',
        'sasl.username': user,
        'sasl.password': PASSWORD,
      },
      say: () => {},
    });
    const options = { config: DEFAULT_APPLICATION_CONFIG, auth: false, version: 'test', lakeDirectory: undefined };
    const schemas = new SchemaDirectory(join(directory.path, 'schemas.json'));
    const address = { host: '127.0.0.1', port: 0 };
    try {
      const server = await serve({ ...options, log, schemas, address, directory: join(directory.path, user) });
      const close = async () => {
        await server.close();
        await log.close();
      };
      return { url: server.url, close };
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  // First: the topics of alert delivery are not there yet.
  it('ends with a line that names the right that is missing', async () => {
    await expect(serveAs(NO_NOTIFY)).rejects.toThrow(
      /does not give the user "no-notify" the right Create on the topic "notify-/,
    );
  }, 60_000);

  it('answers, silences and saves with the rights that the documentation names', async () => {
    const { close, url } = await serveAs('server');
    const post = (path: string, body: unknown) =>
      fetch(`${url}/api/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-millrace': '1' },
        body: JSON.stringify(body),
      });
    for (const path of ['/health', '/api/v1/incidents', '/api/v1/silences', '/api/v1/topics']) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(200);
    }
    expect((await post('/silences', { matchers: ['scope="shop"'] })).status).toBe(201);
    expect((await post('/queries', { name: 'all', sql: 'SELECT 1' })).status).toBe(201);
    await close();
  }, 60_000);
});
