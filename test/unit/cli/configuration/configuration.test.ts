import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configure, type EffectiveValue } from '../../../../cli/configuration/configuration.js';
import { ConfigurationError } from '../../../../cli/configuration/configuration-error.js';
import { unknownVariables } from '../../../../cli/configuration/environment.js';
import { referencePage } from '../../../../cli/configuration/reference-page.js';
import { commandsFor, makeProgram } from '../../../../cli/program.js';
import { ROOT } from '../../docs/programs.js';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-config-'));
  file = join(directory, 'millrace.yaml');
});

afterEach(() => rmSync(directory, { recursive: true }));

interface Given {
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Configured {
  readonly options: Readonly<Record<string, unknown>>;
  readonly values: readonly EffectiveValue[];
}

/** What a command would run with. */
async function configured(words: string, { env = {}, yaml }: Given): Promise<Configured> {
  const { program, settings } = await makeProgram();
  const args = words.split(' ');
  if (yaml !== undefined) {
    writeFileSync(file, yaml);
    args.push('--config', file);
  }
  let configured: Configured | undefined;
  for (const { command } of settings.commands) {
    command.action(async () => {
      const values = await configure(command, settings, env);
      configured = { values, options: command.opts() };
    });
  }
  // The hook of the program reads this process's environment, and throws what is wrong in the file.
  await program.parseAsync(args, { from: 'user' });
  if (configured === undefined) throw new Error(`${words} runs no command`);
  return configured;
}

async function problemsOf(words: string, given: Given): Promise<string[]> {
  const error = await configured(words, given).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigurationError)) throw error;
  return error.problems.map(({ message, place }) => `${place.replace(`${directory}/`, '')} ${message}`);
}

describe('where a value is from', () => {
  const yaml = 'grace: 1s\nrate: 11\nseed: 21\n';
  const env = { MILLRACE_GRACE: '2s', MILLRACE_RATE: '12' };

  it('a flag goes before the environment, that before the file, and that before the default', async () => {
    const { options, values } = await configured('start --grace 3s', { yaml, env });
    expect(options).toMatchObject({ grace: 3000, rate: 12, seed: 21, countries: 12 });
    const from = Object.fromEntries(values.map((value) => [value.name, value]));
    expect(from['grace']).toEqual({ name: 'grace', text: '3s', from: 'flag' });
    expect(from['rate']).toEqual({ name: 'rate', text: '12', from: 'MILLRACE_RATE' });
    expect(from['seed']).toEqual({ name: 'seed', text: '21', from: `${file}:3:7` });
    expect(from['countries']).toEqual({ name: 'countries', text: '12', from: 'default' });
  });

  it('a flag that is repeatable takes the place of what the file has, and is not added to it', async () => {
    const { options } = await configured('start --topic-config a=1 --topic-config b=2 --input x y', {
      yaml: 'topic-config: { c: 3 }\ninput: [z]\n',
    });
    expect(options).toMatchObject({ topicConfig: { a: '1', b: '2' }, input: ['x', 'y'] });
  });

  it('what a file says of one command goes before what it says of all', async () => {
    const both = 'http: 127.0.0.1:1\nauth: false\ncommands:\n  serve:\n    http: 127.0.0.1:2\n';
    expect((await configured('serve', { yaml: both })).options).toMatchObject({ http: { port: 2 }, auth: false });
    expect((await configured('start', { yaml: both })).options).toMatchObject({ http: { port: 1 }, auth: false });
  });

  it('options of other commands with the same name are left alone where they mean something else', async () => {
    const given = { yaml: 'rate: 5\nfollow: true\ncommit-interval: 10ms\nlake: true\n', env: {} };
    expect((await configured('demo', given)).options).toMatchObject({ rate: 200 });
    expect((await configured('consume x', given)).options['follow']).toBeUndefined();
    expect((await configured('lake write', given)).options['commitInterval']).not.toBe(10);
    expect((await configured('query x', given)).options['lake']).toBeUndefined();
    expect((await configured('start', given)).options).toMatchObject({ lake: true, commitInterval: 10 });
  });

  it('an empty variable is not set', async () => {
    const { options } = await configured('start', { yaml, env: { MILLRACE_GRACE: '', MILLRACE_BROKERS: '' } });
    expect(options).toMatchObject({ grace: 1000 });
    expect(options['brokers']).toBeUndefined();
  });
});

describe('how values are written', () => {
  it('lists, names with values and what a flag turns off are written as YAML has them', async () => {
    const yaml = [
      'goals: [1, 2]',
      'http: false',
      'lake: false',
      'server-errors: false',
      'retention: [7d, test-inter=12h]',
      'kafka-setting:',
      '  client.id: x',
      '  acks: all',
      'map: { time: ts, level: severity }',
      "host-from-file: '{host}.log'",
      'input:',
      '  - a.log',
      '  - b.log',
    ].join('\n');
    const { options } = await configured('start', { yaml });
    expect(options).toMatchObject({
      ...{ goals: [1, 2], http: false, lake: false, serverErrors: false },
      ...{ retention: { '': 604_800_000, 'test-inter': 43_200_000 }, kafkaSetting: { 'client.id': 'x', acks: 'all' } },
      ...{ map: 'time=ts,level=severity', input: ['a.log', 'b.log'] },
    });
  });

  it('budgets and maintenance are names with values, by entity', async () => {
    const yaml = [
      'budget:',
      '  service:checkout: 0.5',
      '  host:*.example.com: 3/day',
      'maintenance:',
      '  service:checkout,sensor:boiler-*: 2026-12-01T02:00/2h',
    ].join('\n');
    const { options } = await configured('start', { yaml });
    expect(options).toMatchObject({
      budget: [
        { of: 'service:checkout', perWeek: 0.5 },
        { of: 'host:*.example.com', perWeek: 21 },
      ],
      maintenance: ['service:checkout,sensor:boiler-*=2026-12-01T02:00/2h'],
    });
  });

  it.each([
    ['budget: { checkout: 1 }', '"checkout" names no entity'],
    ['budget: { service:checkout: often }', 'It must be a name with more than 0 and at most 1000 false alarms a week'],
    ['budget: { service:checkout: 0 }', 'It must be a name with more than 0'],
    ['maintenance: { service:checkout: soon/2h }', '"soon" is no time'],
  ])('%s is refused: %s', async (yaml, why) => {
    const [problem] = await problemsOf('start', { yaml });
    expect(problem).toContain(why);
  });

  it('a variable has a value a line, or a list in JSON, for what is repeatable', async () => {
    const env = { MILLRACE_INPUT: 'a b.log\nc.log\n', MILLRACE_TOPIC_CONFIG: '["a=1", "b=2,3"]', MILLRACE_ONCE: '1' };
    const { options } = await configured('start', { env });
    expect(options).toMatchObject({ input: ['a b.log', 'c.log'], topicConfig: { a: '1', b: '2,3' }, once: true });
  });

  it('a variable that ends in _FILE names a file with the value, whose last line break does not count', async () => {
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'sasl.username=me\nsasl.password=s3 cret\n');
    const { options, values } = await configured('start', { env: { MILLRACE_KAFKA_SETTING_FILE: secret } });
    expect(options['kafkaSetting']).toEqual({ 'sasl.username': 'me', 'sasl.password': 's3 cret' });
    expect(values.find(({ name }) => name === 'kafka-setting')).toEqual({
      name: 'kafka-setting',
      text: 'sasl.username=me, sasl.password=…',
      from: 'MILLRACE_KAFKA_SETTING_FILE',
    });
  });
});

describe('what cannot be used', () => {
  it('is told all at once, in order, each with line, column, value and what is allowed', async () => {
    const yaml = [
      'grace: 5x',
      'grase: 10s',
      'no-auth: true',
      'goal1Size: 10s',
      'goals: [1, 7]',
      'brokers:',
      'timeout: 1m',
      'once: maybe',
      'commands:',
      '  query:',
      '    timeout: 1',
      '  qery: {}',
    ].join('\n');
    expect(await problemsOf('start', { yaml })).toEqual([
      'millrace.yaml:1:8 grace: 5x cannot be used: It must be a duration such as 500ms, 20s, 5m or 1h, of whole milliseconds.',
      'millrace.yaml:2:1 there is no setting grase; did you mean grace?',
      'millrace.yaml:3:1 there is no setting no-auth; write auth: false',
      'millrace.yaml:4:1 there is no setting goal1Size; did you mean goal1-size?',
      'millrace.yaml:5:8 goals: 1, 7 cannot be used: It must be some of 1,2,3,4.',
      'millrace.yaml:6:1 brokers has no value; take it out to have the default',
      'millrace.yaml:7:1 timeout is of a command alone; write it under commands: query, connectors apply, dashboards apply',
      'millrace.yaml:8:7 once: maybe cannot be used: It must be true or false.',
      'millrace.yaml:11:14 timeout: 1 cannot be used: 1 what? give a unit: 1s, 1ms, 1m',
      'millrace.yaml:12:3 there is no command qery; did you mean query?',
    ]);
  });

  it.each([
    ['a: [1', /^millrace.yaml:1:\d+ no YAML: /],
    ['grace: 1s\ngrace: 2s\n', /^millrace.yaml:2:1 no YAML: Map keys must be unique/],
    ['- grace', /^millrace.yaml:1:1 It must be names with values/],
    ['input: [[a]]', /^millrace.yaml:1:8 input must be a text, a list, or names with values/],
    ['commands: x', /^millrace.yaml:1:11 It must be names with values/],
  ])('%j is told with its place', async (yaml, message) => {
    const problems = await problemsOf('start', { yaml });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  it('a file without settings says nothing', async () => {
    for (const yaml of ['', '# nothing\n', '---\n']) {
      expect((await configured('start', { yaml })).options).toMatchObject({ grace: 5000 });
    }
  });

  it('a file that is not there is told, and one that is a directory', async () => {
    expect(await problemsOf(`start --config ${directory}/none.yaml`, {})).toEqual([
      expect.stringMatching(/^none.yaml it cannot be read: ENOENT/),
    ]);
    expect(await problemsOf(`start --config ${directory}`, {})).toEqual([expect.stringContaining('EISDIR')]);
  });

  it('variables are told with the file, and a secret is not', async () => {
    const env = {
      MILLRACE_SEED: '-1',
      MILLRACE_GRACE_FILE: join(directory, 'none'),
      MILLRACE_RATE: '1',
      MILLRACE_RATE_FILE: 'x',
      MILLRACE_KAFKA_SETTING: 'password s3cret',
      MILLRACE_MQTT: 'mqtt://me:s3cret@host',
    };
    const problems = await problemsOf('start', { env });
    expect(problems).toHaveLength(5);
    expect(problems).toContain('MILLRACE_SEED -1 cannot be used: It must be a whole number, 0 or more.');
    expect(problems).toContain('MILLRACE_RATE_FILE MILLRACE_RATE sets the same; leave one out');
    expect(problems.find((line) => line.startsWith('MILLRACE_GRACE_FILE'))).toMatch(/none cannot be read: ENOENT/);
    expect(problems.join('\n')).not.toContain('s3cret');
  });

  it('a variable that nothing reads is told with the one that was probably meant; those of Kubernetes are not', async () => {
    const { settings } = await makeProgram();
    const env = { MILLRACE_BROKER: 'x', MILLRACE_GOAL1_TRESHOLD: '1', MILLRACE_SERVICE_HOST: '10.0.0.1', HOME: '/' };
    expect(unknownVariables(settings, env).map(({ message, place }) => `${place} ${message}`)).toEqual([
      'MILLRACE_BROKER nothing reads it; did you mean MILLRACE_BROKERS?',
      'MILLRACE_GOAL1_TRESHOLD nothing reads it; did you mean MILLRACE_GOAL1_THRESHOLD?',
    ]);
  });
});

describe('what is shown', () => {
  it.each([
    ['webhook', 'https://me:pw@hooks.example.com/T0/s3cret?key=s3cret', 'https://hooks.example.com/…'],
    ['mqtt', 'mqtt://me:s3cret@broker:1883/sensors/#', 'mqtt://…@broker:1883/sensors/#'],
    ['kafka-setting', 'ssl.key.password=s3cret', 'ssl.key.password=…'],
    ['kafka-setting', 'sasl.jaas.config=x password="s3cret";', 'sasl.jaas.config=…'],
    ['kafka-setting', 'ssl.key.pem=s3cret', 'ssl.key.pem=…'],
    ['kafka-setting', 'client.id=s', 'client.id=s'],
    ['registry', 'http://me:s3cret@registry:8081', 'http://…@registry:8081'],
  ])('of %s %s: %s', async (name, text, shown) => {
    const variable = `MILLRACE_${name.replaceAll('-', '_').toUpperCase()}`;
    const { values } = await configured('start', { env: { [variable]: text } });
    expect(values.find((value) => value.name === name)?.text).toBe(shown);
  });
});

describe('the table of settings', () => {
  it('has no variable twice, nor one that could be the file of another', async () => {
    const { settings } = await makeProgram();
    const shared = [...settings.shared.values()].map(({ variables }) => variables[0]);
    const own = settings.commands.flatMap((command) => command.own.map(({ name }) => `${command.path} ${name}`));
    expect(new Set(own).size).toBe(own.length);
    expect(new Set(shared).size).toBe(shared.length);
    const all = settings.variables();
    expect(all.filter((name) => all.includes(`${name}_FILE`))).toEqual([]);
  });

  it('has every option of start and serve', async () => {
    const { settings } = await makeProgram();
    for (const { command, own, path, shared } of settings.commands) {
      if (path !== 'start' && path !== 'serve') continue;
      const names = new Set([...own, ...shared].map(({ attribute }) => attribute));
      const options = new Set(command.options.map((option) => option.attributeName()));
      options.delete('config');
      expect(names).toEqual(options);
    }
  });

  it('is the page docs/configuration.md, as npm run docs:configuration writes it', async () => {
    expect(referencePage((await makeProgram()).settings)).toBe(
      readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8'),
    );
  });
});

describe('the commands that are loaded', () => {
  const empty = { PATH: '/bin' };

  it.each([
    ['consume test-inter', ['consume']],
    ['lake write --help', ['lake']],
    ['--version', []],
  ])('of %s are no more than it needs', (words, names) => {
    expect(commandsFor(words.split(' '), empty)).toEqual(names);
  });

  it.each([
    ['--help', empty],
    ['help consume', empty],
    ['cosnume', empty],
    ['config show', empty],
    ['consume test-inter --config a.yaml', empty],
    ['consume test-inter', { MILLRACE_DATA_DIR: '/data' }],
    ['consume test-inter', { MILLRACE_CONFIG: '/a.yaml' }],
  ])('of %s with %j are all', async (words, environment) => {
    const { program } = await makeProgram();
    const all = program.commands.map((command) => command.name());
    expect(all).toContain('config');
    expect(commandsFor(words.split(' '), environment)).toEqual(all);
  });
});
