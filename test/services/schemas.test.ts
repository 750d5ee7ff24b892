import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  partitionForString,
  type Serde,
  SerdePendingError,
  Streams,
  StreamsBuilder,
  stringSerde,
} from '@millrace/streams';
import { AvroSerde } from '@millrace/streams/avro';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { KafkaLog } from '@millrace/streams/kafka';
import type { Schema } from 'avsc';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfluentRegistry, type ConfluentRegistryOptions } from '../../schemas/confluent-registry.js';
import type { AccessLog, Goal1 } from '../../schemas/records.js';
import { RegistryApi } from '../../schemas/registry-api.js';
import type { SchemaError } from '../../schemas/schema-error.js';
import { SchemaFolder } from '../../schemas/schema-folder.js';
import { SCHEMAS_DIRECTORY, topicSchema, valueSubject } from '../../schemas/subjects.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';
import { RegistryFront } from './registry-front.js';
import { type Services, startServices, whyNoServices } from './services.js';

interface RecordSchema {
  readonly fields: readonly { readonly name: string }[];
}

const V1 = topicSchema('accessLog').schema;
const FIELDS = (V1 as unknown as RecordSchema).fields;

/** Access logs with other fields. */
function accessLogWith(fields: readonly object[]): Schema {
  return { ...(V1 as object), fields } as Schema;
}

const V2 = accessLogWith([...FIELDS, { name: 'bytes_sent', type: ['null', 'long'], default: null }]);
const WITHOUT_HOST = accessLogWith(FIELDS.filter(({ name }) => name !== 'host'));
const WITH_REQUIRED = accessLogWith([...FIELDS, { name: 'region', type: 'string' }]);

interface AccessLogV2 extends AccessLog {
  readonly bytes_sent: number | null;
}

const RECORD: AccessLog = {
  server: 'web-1',
  client_ip: '192.0.2.1',
  method: 'GET',
  status: 200,
  request_time: 0.25,
  host: 'example.org',
  country: 'CH',
  timestamp: Date.UTC(2026, 0, 1),
  bytes: null,
};

/** Decodes as the engine does: what is pending is waited for. */
async function decode<T>(serde: Serde<T>, bytes: Uint8Array): Promise<T> {
  const buffer = Buffer.from(bytes);
  for (;;) {
    try {
      return serde.deserialize('t', buffer, 0, buffer.length);
    } catch (error) {
      if (!(error instanceof SerdePendingError)) throw error;
      await error.ready;
    }
  }
}

/** A record's bytes, said to be written with the schema of an id. */
function withId(bytes: Uint8Array, id: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt32BE(id, 1);
  return changed;
}

const UNKNOWN_ID = 4_000_000_000;

describe.skipIf(await whyNoServices(['registry']))('schemas in a registry', () => {
  let services: Services;
  let url: string;
  let front: RegistryFront;
  let subject: string;
  let subjects = 0;
  const opened: ConfluentRegistry[] = [];

  /** A registry as another process has it: it knows nothing yet. */
  function registry(options: Partial<ConfluentRegistryOptions> = {}): ConfluentRegistry {
    const made = new ConfluentRegistry({ url: front.url, ...options });
    opened.push(made);
    return made;
  }

  beforeAll(async () => {
    services = await startServices(['registry']);
    url = services.addresses.registryUrl;
  }, 180_000);
  afterAll(() => services?.close());

  beforeEach(async () => {
    front = await RegistryFront.open({ target: url });
    subject = `subject-${++subjects}-value`;
  });
  afterEach(async () => {
    for (const made of opened.splice(0)) made.close();
    await front.stop();
  });

  describe('versions of a schema', () => {
    it('reads with the first what the second wrote, and with the second what the first wrote', async () => {
      const first = await AvroSerde.create<AccessLog>({ registry: registry(), subject, schema: V1 });
      const second = await AvroSerde.create<AccessLogV2>({ registry: registry(), subject, schema: V2 });
      const newer = second.serialize('t', { ...RECORD, bytes_sent: 1234 });
      expect(await decode(first, newer)).toMatchObject(RECORD);
      expect(await decode(first.fields('status', 'host'), newer)).toEqual({ status: 200, host: 'example.org' });
      expect(await decode(second, first.serialize('t', RECORD))).toMatchObject({ ...RECORD, bytes_sent: null });
      expect(await new RegistryApi({ url }).versions(subject)).toEqual([1, 2]);
    });

    it.each([
      { what: 'lacks a required field', schema: WITHOUT_HOST, field: 'host' },
      { what: 'adds a field without a default', schema: WITH_REQUIRED, field: 'region' },
    ])('refuses one that $what, and says which', async ({ field, schema }) => {
      await registry().register(subject, V1);
      await expect(registry().register(subject, schema)).rejects.toMatchObject({
        code: 'SCHEMA_INCOMPATIBLE',
        message: expect.stringContaining(field),
      });
      expect(await new RegistryApi({ url }).versions(subject)).toEqual([1]);
    });

    it('gives a schema its id again, also when it was registered in another format', async () => {
      const id = await registry().register(subject, V1);
      expect(await registry().register(subject, V1)).toBe(id);
      const other = `${subject}-formatted`;
      await fetch(`${url}/subjects/${other}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ schema: JSON.stringify(V1, null, 4) }),
      });
      await registry().register(other, V1);
      expect(await new RegistryApi({ url }).versions(other)).toEqual([1]);
    });

    it('gives processes that register the same at once the same id', async () => {
      const ids = await Promise.all(Array.from({ length: 6 }, () => registry().register(subject, V1)));
      expect(new Set(ids).size).toBe(1);
      expect(await new RegistryApi({ url }).versions(subject)).toEqual([1]);
    });

    it('sets the level of a new subject, and leaves alone one that somebody has set', async () => {
      const api = new RegistryApi({ url });
      await registry().register(subject, V1);
      expect(await api.compatibility(subject)).toBe('FULL_TRANSITIVE');
      const chosen = `${subject}-chosen`;
      await api.setCompatibility(chosen, 'BACKWARD');
      await registry().register(chosen, V1);
      // BACKWARD lets a required field go.
      await registry().register(chosen, WITHOUT_HOST);
      expect(await api.compatibility(chosen)).toBe('BACKWARD');
    });
  });

  describe('a registry that nobody but a release may write to', () => {
    it('finds what is registered, and says how to register what is not', async () => {
      const locked = registry({ autoRegister: false });
      await expect(locked.register(subject, V1)).rejects.toMatchObject({
        code: 'SCHEMA_NOT_REGISTERED',
        message: expect.stringContaining('millrace schemas register'),
      });
      const id = await registry().register(subject, V1);
      expect(await locked.register(subject, V1)).toBe(id);
      await expect(
        AvroSerde.create({ registry: registry(), subject, schema: V2, autoRegister: false }),
      ).rejects.toMatchObject({
        code: 'SCHEMA_NOT_REGISTERED',
        message: expect.stringContaining('other versions (1)'),
      });
      expect(front.requests.filter((request) => request.startsWith('PUT')).length).toBe(1);
    });
  });

  describe('a schema that uses a type of another file', () => {
    let directory: { readonly path: string; remove(): Promise<void> };

    beforeEach(async () => {
      directory = await temporaryDirectory();
      const place = { type: 'record', name: 'Place', namespace: subject.replaceAll('-', '_') };
      const fields = [{ name: 'city', type: 'string' }];
      await writeFile(join(directory.path, 'place.avsc'), JSON.stringify({ ...place, fields }));
      const visit = {
        ...place,
        name: 'Visit',
        fields: [
          { name: 'at', type: 'Place' },
          { name: 'before', type: ['null', `${place.namespace}.Place`], default: null },
        ],
      };
      await writeFile(join(directory.path, 'visit.avsc'), JSON.stringify(visit));
    });
    afterEach(() => directory.remove());

    it('is registered with a reference, and decoded by who has never seen it', async () => {
      const definition = new SchemaFolder(directory.path).definition('visit');
      const visit = { at: { city: 'Bern' }, before: { city: 'Rome' } };
      const writer = await AvroSerde.create<typeof visit>({ registry: registry(), subject, ...definition });
      const bytes = Buffer.from(writer.serialize('t', visit));
      const name = `${subject.replaceAll('-', '_')}.Place`;
      expect(await new RegistryApi({ url }).version(subject, 1)).toMatchObject({
        references: [{ name, subject: name, version: 1 }],
      });
      const again = await AvroSerde.create<typeof visit>({ registry: registry(), subject, ...definition });
      expect(await decode(again, bytes)).toEqual(visit);
      expect(await decode(again.fields('before'), bytes)).toEqual({ before: { city: 'Rome' } });
      expect(await new RegistryApi({ url }).versions(subject)).toEqual([1]);
    });

    it('is checked as a whole', async () => {
      const args = ['--registry', url, '--directory', directory.path];
      expect(await millrace(['schemas', 'register', ...args])).toMatchObject({ code: 0 });
      const place = JSON.parse(await readFile(join(directory.path, 'place.avsc'), 'utf8')) as RecordSchema;
      const fields = [...place.fields, { name: 'country', type: 'string' }];
      await writeFile(join(directory.path, 'place.avsc'), JSON.stringify({ ...place, fields }));
      const { code, stdout } = await millrace(['schemas', 'check', ...args]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^subject_.*Place: it cannot read what version 1 wrote: the field "country"/m);
      expect(stdout).toMatch(/^visit: it cannot read what version 1 wrote: /m);
    });
  });

  describe('a record whose schema is not at hand', () => {
    it('asks once for an id that many records have', async () => {
      const writer = await AvroSerde.create<AccessLog>({ registry: registry(), subject, schema: V1 });
      const bytes = Buffer.from(writer.serialize('t', RECORD));
      const reader = await AvroSerde.create<AccessLog>({ registry: registry(), subject, schema: V1 });
      front.requests.length = 0;
      await Promise.all(Array.from({ length: 20 }, () => decode(reader, bytes)));
      await decode(reader, bytes);
      expect(front.requests.length).toBe(1);
    });

    it('is refused when the registry has no such id; a flood of them costs two requests a while', async () => {
      const unknownIdMs = 1000;
      const reader = await AvroSerde.create<AccessLog>({ registry: registry({ unknownIdMs }), subject, schema: V1 });
      const bytes = withId(reader.serialize('t', RECORD), UNKNOWN_ID);
      front.requests.length = 0;
      const failure = await decode(reader, bytes).catch((error: unknown) => error as SchemaError);
      expect(failure).toMatchObject({
        code: 'SCHEMA_ID_UNKNOWN',
        message: `no schema has the id ${UNKNOWN_ID} in ${front.url}`,
      });
      for (let i = 0; i < 1000; i++) await expect(decode(reader, bytes)).rejects.toBe(failure);
      // The client's, and one that makes sure that it is the registry's own answer.
      expect(front.requests.length).toBe(2);
      // Somebody may have registered it in the meantime.
      await until(async () => {
        await decode(reader, bytes).catch(() => {});
        return front.requests.length > 2 || undefined;
      });
    });

    it('waits for a registry that is away, which is said once', async () => {
      const writer = await AvroSerde.create<AccessLog>({ registry: registry(), subject, schema: V1 });
      const bytes = Buffer.from(writer.serialize('t', RECORD));
      const news: string[] = [];
      const away = registry({
        onUnavailable: ({ message }) => news.push(message),
        onRecovered: (message) => news.push(message),
      });
      const reader = await AvroSerde.create<AccessLog>({ registry: away, subject, schema: V1 });
      await services.kill('registry');
      const decoded = Promise.all([decode(reader, bytes), decode(reader.fields('status'), bytes)]);
      await until(() => news[0]);
      await services.start('registry');
      expect(await decoded).toMatchObject([RECORD, { status: 200 }]);
      expect(news).toEqual([
        expect.stringMatching(/^the schema registry http:[^ ]+ is not available: [^:]+; waiting for it$/),
        expect.stringMatching(/^the schema registry is back after \d+m?s$/),
      ]);
    }, 120_000);

    it.each<{ what: string; mode: RegistryFront['mode'] }>([
      { what: 'does not answer', mode: { kind: 'hangs' } },
      { what: 'is not there, and something else says 404', mode: { kind: 'answers', status: 404, body: '<html>' } },
      { what: 'is starting', mode: { kind: 'answers', status: 503, body: 'not yet' } },
      { what: 'has been given other passwords', mode: { kind: 'guards', credentials: 'other:password' } },
    ])('waits when the registry $what', async ({ mode }) => {
      const writer = await AvroSerde.create<AccessLog>({ registry: registry(), subject, schema: V1 });
      const bytes = Buffer.from(writer.serialize('t', RECORD));
      const news: string[] = [];
      const away = registry({
        requestTimeoutMs: 200,
        onUnavailable: ({ code }) => news.push(code),
        onRecovered: () => news.push('recovered'),
      });
      const reader = await AvroSerde.create<AccessLog>({ registry: away, subject, schema: V1 });
      front.mode = mode;
      const decoded = decode(reader, bytes);
      await until(() => news[0]);
      front.mode = { kind: 'passes' };
      expect(await decoded).toMatchObject(RECORD);
      expect(news).toEqual([expect.stringMatching(/^REGISTRY_/), 'recovered']);
    });

    it('costs nothing in a pipeline: what can be decoded is, what cannot goes to the dead letters', async () => {
      const v1 = await AvroSerde.create<AccessLog>({ registry: registry(), subject, schema: V1 });
      const v2 = await AvroSerde.create<AccessLogV2>({ registry: registry(), subject, schema: V2 });
      let unavailable = 0;
      const input = await AvroSerde.create<AccessLog>({
        registry: registry({ onUnavailable: () => unavailable++ }),
        subject,
        schema: V1,
      });
      const log = await EmbeddedLog.inMemory();
      for (const topic of ['in', 'out', 'dead']) await log.ensureTopic(topic, { partitions: 1 });
      const builder = new StreamsBuilder();
      builder
        .stream('in', { key: stringSerde, value: input, nulls: 'refuse' })
        .mapValues(({ status }) => `${status}`)
        .to('out', { key: stringSerde, value: stringSerde });
      const streams = new Streams(builder.build(), { applicationId: 'a', log, deadLetterTopic: 'dead' });
      await front.stop();
      const transaction = log.transaction();
      for (let i = 0; i < 300; i++) {
        const record = { ...RECORD, status: 200 + i };
        const newer = v2.serialize('in', { ...record, bytes_sent: i });
        const bytes = i % 3 === 0 ? v1.serialize('in', record) : i % 3 === 1 ? newer : withId(newer, UNKNOWN_ID);
        transaction.append('in', 0, record.timestamp, Buffer.from(record.server), Buffer.from(bytes));
      }
      await transaction.commit();
      await streams.start();
      try {
        const drained = streams.drain();
        await until(() => unavailable || undefined);
        expect(streams.metrics.deadLetters).toBe(0);
        await front.start();
        await drained;
        expect(unavailable).toBe(1);
        expect(await log.endOffset({ topic: 'out', partition: 0 })).toBe(200);
        expect(await log.endOffset({ topic: 'dead', partition: 0 })).toBe(100);
      } finally {
        await streams.close();
        await log.close();
      }
    });
  });

  describe('a start', () => {
    it('waits for a registry that is away', async () => {
      await front.stop();
      const news: string[] = [];
      const away = registry({
        onUnavailable: () => news.push('away'),
        onRecovered: () => news.push('back'),
      });
      const registration = Promise.all([away.register(subject, V1), away.register(`${subject}-2`, V2)]);
      await until(() => news[0]);
      await front.start();
      expect((await registration).every((id) => id > 0)).toBe(true);
      expect(news).toEqual(['away', 'back']);
    });

    it('ends the wait when it is broken off', async () => {
      await front.stop();
      const stop = new AbortController();
      const away = registry({ signal: stop.signal, onUnavailable: () => stop.abort() });
      await expect(away.register(subject, V1)).rejects.toMatchObject({ code: 'REGISTRY_CLOSED' });
    });

    it.each<{ what: string; mode: RegistryFront['mode']; code: string }>([
      { what: 'the password is wrong', mode: { kind: 'guards', credentials: 'a:b' }, code: 'REGISTRY_REFUSED' },
      {
        what: 'the address is of something else',
        mode: { kind: 'answers', status: 404, body: '<html>' },
        code: 'REGISTRY_WRONG_ADDRESS',
      },
    ])('ends when $what', async ({ code, mode }) => {
      front.mode = mode;
      await expect(registry().register(subject, V1)).rejects.toMatchObject({ code });
    });

    it('gives user and password from the URL, and never prints the password', async () => {
      front.mode = { kind: 'guards', credentials: 'us er:p@ss:word' };
      const withUser = front.url.replace('http://', 'http://us%20er:p%40ss%3Aword@');
      const known = registry({ url: withUser });
      expect(known.address).toBe(front.url);
      const serde = await AvroSerde.create<AccessLog>({ registry: known, subject, schema: V1 });
      expect(await decode(serde, serde.serialize('t', RECORD))).toMatchObject(RECORD);
      const { code, stderr, stdout } = await millrace([
        'schemas',
        'check',
        '--registry',
        withUser.replace('word', 'x'),
      ]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^millrace: the schema registry .* refuses access: check user and password/m);
      expect(stderr + stdout).not.toContain('p%40ss');
    });
  });

  it.skipIf(spawnSync('openssl', ['version']).status !== 0)(
    'is reached by TLS with a CA of its own, which Node is told of',
    async () => {
      const directory = await temporaryDirectory();
      try {
        const [key, cert] = [join(directory.path, 'key.pem'), join(directory.path, 'cert.pem')];
        const names = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
        await promisify(execFile)('openssl', [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert],
          ...names,
        ]);
        const tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
        const secure = await RegistryFront.open({ target: url, tls });
        try {
          const args = ['schemas', 'check', '--registry', secure.url];
          const refused = await millrace(args);
          expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('self-signed certificate') });
          process.env['NODE_EXTRA_CA_CERTS'] = cert;
          expect(await millrace(args)).toMatchObject({ code: 0, stderr: '' });
          expect(await millrace(['schemas', 'register', ...args.slice(2)])).toMatchObject({ code: 0, stderr: '' });
        } finally {
          delete process.env['NODE_EXTRA_CA_CERTS'];
          await secure.stop();
        }
      } finally {
        await directory.remove();
      }
    },
  );

  describe('a pipeline on Kafka', () => {
    let directory: { readonly path: string; remove(): Promise<void> };
    let log: KafkaLog;
    let pipeline: Millrace | undefined;

    beforeEach(async () => {
      directory = await temporaryDirectory();
      log = await KafkaLog.open({ brokers: services.addresses.brokers });
    });
    afterEach(async () => {
      await pipeline?.kill('SIGKILL');
      await log.close();
      await directory.remove();
    });

    /** `millrace start`, `consume` and the like, on the services. */
    const args = (...command: string[]) => [
      ...command,
      ...['--brokers', services.addresses.brokers, '--registry', front.url, '--data-dir', directory.path],
    ];

    /** Requests of one client to one host, a second apart. */
    async function append<T extends AccessLog>(serde: AvroSerde<T>, records: readonly T[]): Promise<void> {
      const { accessLog } = DEFAULT_GOAL_CONFIG.topics;
      const transaction = log.transaction();
      for (const record of records) {
        const key = Buffer.from(record.client_ip);
        const partition = partitionForString(record.client_ip, (await log.partitions(accessLog)) ?? 1);
        transaction.append(
          accessLog,
          partition,
          record.timestamp,
          key,
          Buffer.from(serde.serialize(accessLog, record)),
        );
      }
      await transaction.commit();
    }

    /** The most requests that goal 1 has counted in a window of the client. */
    async function counted(client: string): Promise<number> {
      const { stdout } = await millrace(args('consume', DEFAULT_GOAL_CONFIG.topics.goal1, '--from-beginning'));
      const counts = jsonLines<{ value: Goal1 }>(stdout)
        .filter(({ value }) => value.client_ip === client)
        .map(({ value }) => value.count);
      return Math.max(0, ...counts);
    }

    it('counts both versions while one follows the other, and waits for the registry in between', async () => {
      pipeline = new Millrace(args('start', '--partitions', '2'));
      const { accessLog: topic, deadLetters } = DEFAULT_GOAL_CONFIG.topics;
      await until(() => /\d records?\b/.test(pipeline?.stderr ?? '') || undefined, { patienceMs: 60_000 });
      const subject = valueSubject(topic);
      const v1 = await AvroSerde.create<AccessLog>({ registry: registry({ url }), subject, schema: V1 });
      const request = (i: number) => ({ ...RECORD, timestamp: RECORD.timestamp + i * 1000 });
      await append(v1, [0, 1, 2, 3, 4, 5].map(request));
      // The pipeline cannot ask what the new schema is when the first record of it comes.
      const v2 = await AvroSerde.create<AccessLogV2>({ registry: registry({ url }), subject, schema: V2 });
      await front.stop();
      await append(
        v2,
        [6, 7, 8].map((i) => ({ ...request(i), bytes_sent: i })),
      );
      await until(() => pipeline?.stderr.includes('is not available: ') || undefined);
      await front.start();
      await append(v1, [9, 10].map(request));
      await append(
        v2,
        [11, 12].map((i) => ({ ...request(i), bytes_sent: i })),
      );
      expect(
        await until(async () => ((await counted(RECORD.client_ip)) === 13 ? 13 : undefined), { patienceMs: 60_000 }),
      ).toBe(13);
      expect(pipeline.stderr).toMatch(/^the schema registry is back after /m);
      expect(await log.endOffset({ topic: deadLetters, partition: 0 })).toBe(0);
      // Each version is printed as it was written.
      const { stdout } = await millrace(args('consume', topic, '--from-beginning'));
      const sizes = jsonLines<{ value: AccessLogV2 }>(stdout).map(({ value }) => value.bytes_sent);
      expect(sizes.sort()).toEqual([11, 12, 6, 7, 8, ...Array.from({ length: 8 })]);
      expect(await pipeline.kill('SIGTERM')).toMatchObject({ code: 0 });
    }, 120_000);

    it('ends when it is told to while it waits for the registry, and goes on with the same record', async () => {
      const client = '192.0.2.2';
      const { accessLog: topic } = DEFAULT_GOAL_CONFIG.topics;
      pipeline = new Millrace(args('start', '--partitions', '2'));
      await until(() => /\d records?\b/.test(pipeline?.stderr ?? '') || undefined, { patienceMs: 60_000 });
      await front.stop();
      const v3 = await AvroSerde.create<AccessLog>({
        registry: registry({ url }),
        subject: valueSubject(topic),
        schema: accessLogWith([...FIELDS, { name: 'later_field', type: ['null', 'string'], default: null }]),
      });
      const requests = Array.from({ length: 12 }, (_, i) => ({
        ...RECORD,
        client_ip: client,
        later_field: null,
        timestamp: RECORD.timestamp + 60_000 + i * 1000,
      }));
      await append(v3, requests);
      await until(() => pipeline?.stderr.includes('is not available: ') || undefined);
      expect(await pipeline.kill('SIGTERM')).toMatchObject({ code: 0 });
      await front.start();
      pipeline = new Millrace(args('start'));
      expect(await until(async () => ((await counted(client)) === 12 ? 12 : undefined), { patienceMs: 60_000 })).toBe(
        12,
      );
      expect(await pipeline.kill('SIGTERM')).toMatchObject({ code: 0 });
    }, 120_000);

    it.each(['start', 'produce', 'train'])(
      'ends %s without an error when it waits before its first work',
      async (command) => {
        await front.stop();
        try {
          pipeline = new Millrace(args(command));
          await until(() => pipeline?.stderr.includes('is not available: ') || undefined, { patienceMs: 30_000 });
          const { code, stderr } = await pipeline.kill('SIGTERM');
          expect(stderr.split('\n').filter((line) => line.startsWith('millrace:'))).toEqual([]);
          expect(code).toBe(0);
        } finally {
          await front.start();
        }
      },
      60_000,
    );
  });

  describe('millrace schemas', () => {
    let directory: { readonly path: string; remove(): Promise<void> };

    beforeEach(async () => {
      directory = await temporaryDirectory();
      await writeFile(join(directory.path, `${subject}.avsc`), JSON.stringify(V1));
    });
    afterEach(() => directory.remove());

    const run = (command: 'check' | 'register') =>
      millrace(['schemas', command, '--registry', url, '--directory', directory.path]);
    const row = (...cells: string[]) => expect.stringMatching(new RegExp(cells.join('\\s*│\\s*')));

    it('checks and registers a version after the other, and twice is as once', async () => {
      const file = `${subject}.avsc`;
      expect(await run('check')).toMatchObject({ code: 0, stdout: row(subject, file, 'new', 'FULL_TRANSITIVE') });
      expect(await run('register')).toMatchObject({ code: 0, stdout: row(subject, file, '\\d+', '1', 'registered') });
      expect(await run('check')).toMatchObject({ code: 0, stdout: row(subject, file, 'unchanged') });
      expect(await run('register')).toMatchObject({ code: 0, stdout: row(subject, file, '\\d+', '1', 'unchanged') });
      await writeFile(join(directory.path, file), JSON.stringify(V2));
      expect(await run('check')).toMatchObject({ code: 0, stdout: row(subject, file, 'compatible') });
      expect(await run('register')).toMatchObject({ code: 0, stdout: row(subject, file, '\\d+', '2', 'registered') });
    });

    it('says why a version may not be registered, and registers nothing then', async () => {
      await run('register');
      const fields = [...FIELDS.filter(({ name }) => name !== 'host'), { name: 'region', type: 'string' }];
      await writeFile(join(directory.path, `${subject}.avsc`), JSON.stringify(accessLogWith(fields)));
      await writeFile(join(directory.path, `${subject}-2.avsc`), JSON.stringify(V1));
      const reasons = [
        `${subject}: it cannot read what version 1 wrote: the field "region" is missing there and has no default`,
        `${subject}: version 1 cannot read what it writes: the field "host" is missing there and has no default`,
      ].join('\n');
      for (const command of ['check', 'register'] as const) {
        expect(await run(command)).toMatchObject({
          code: 1,
          stdout: expect.stringContaining(reasons),
          stderr: 'millrace: 1 of 2 schemas may not follow what the registry has\n',
        });
      }
      expect(await new RegistryApi({ url }).versions(`${subject}-2`)).toEqual([]);
    });

    it("knows the application's subjects", async () => {
      const { code, stdout } = await millrace(['schemas', 'check', '--registry', url]);
      expect(code).toBe(0);
      expect(stdout).toEqual(row('test-inter-value', 'access-log.avsc'));
      expect(stdout).toEqual(row('goal4-topic-value', 'goal4.avsc'));
      expect(new SchemaFolder(SCHEMAS_DIRECTORY).names.length).toBe(16);
    });
  });
});
