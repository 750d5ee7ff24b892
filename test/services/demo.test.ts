import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, HOST, type PortName, type StackPorts } from '../../stack/ports.js';
import { SERVICE_NAMES } from '../../stack/service.js';
import { portOption, type ServiceState, Stack } from '../../stack/stack.js';
import { Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';
import { whyNoStack } from './services.js';

const reason = await whyNoStack(SERVICE_NAMES);

/** A line of the table: the time, five counts of Kafka, the same five of Elasticsearch, two of InfluxDB, three lags. */
function lastCounts(stdout: string): number[] {
  const line = stdout
    .split('\n')
    .filter((text) => /^\d\d:\d\d:\d\d /.test(text))
    .at(-1);
  return (line ?? '')
    .split(/\s+/)
    .slice(1)
    .map((count) => Number(count.replaceAll(',', '')));
}

describe.skipIf(reason)('millrace demo', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let ports: StackPorts;
  let portArgs: string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    ports = await freePorts();
    portArgs = (Object.keys(ports) as PortName[]).flatMap((name) => [portOption(name), `${ports[name]}`]);
  });
  afterAll(async () => {
    await (await Stack.open({ directory: directory.path })).down();
    await directory.remove();
  }, 60_000);

  function args(...more: readonly string[]): string[] {
    return ['demo', '--directory', directory.path, ...more];
  }

  async function states(): Promise<Record<string, ServiceState>> {
    const services = await (await Stack.open({ directory: directory.path })).status();
    return Object.fromEntries(services.map(({ service, state }) => [service, state]));
  }

  it('says in a line which port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(ports.kafka, HOST, resolve));

    const { code, stderr } = await millrace(args(...portArgs));
    await new Promise((resolve) => server.close(resolve));

    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(
      /^millrace: port \d+, where kafka is to listen, is taken; choose another with --kafka-port\n$/,
    );
  });

  it('runs everything, shows counts that meet, and stops all that it has started', async () => {
    const { code, stderr, stdout } = await millrace(args(...portArgs, '--rate', '100', '--seconds', '5'));

    expect(code, stderr).toBe(0);
    const [requests = 0, goal1 = 0, goal2 = 0, goal3 = 0, goal4 = 0, ...others] = lastCounts(stdout);
    // Two minutes of traffic before it began, and five seconds, by the simulator's rhythm: at night 60 % of the rate, by day 140 %.
    expect(requests).toBeGreaterThan(6000);
    for (const windows of [goal1, goal2, goal3, goal4]) expect(windows).toBeGreaterThan(0);
    expect(others).toEqual([requests, goal1, goal2, goal3, goal4, goal3, goal4, 0, 0, 0]);
    expect(stdout).toContain('Elasticsearch and InfluxDB have all of them');
    expect(Object.values(await states())).toEqual(SERVICE_NAMES.map(() => 'stopped'));
  });

  it('goes on with what is there, ends within seconds on SIGINT, and leaves alone what ran before', async () => {
    const stack = await Stack.open({ directory: directory.path });
    await stack.up(['influxdb']);
    const running = new Millrace(args());
    let before: number | undefined;
    const requests = await until(
      () => {
        const counts = lastCounts(running.stdout);
        const [count] = counts;
        const pipelineLag = counts.at(-3);
        before ??= count;
        // More than the first line told of, and processed.
        return count !== undefined && count > (before ?? count) && pipelineLag === 0 ? count : undefined;
      },
      { patienceMs: 120_000 },
    );

    const interruptedAt = performance.now();
    const { code, stderr, stdout } = await running.kill('SIGINT');

    expect(code, stderr).toBe(0);
    expect(performance.now() - interruptedAt).toBeLessThan(20_000);
    expect(requests).toBeGreaterThan(6000);
    // A busy machine's sinks may be behind when it ends within seconds; it says so then.
    expect(stdout, stderr).toMatch(/^in Kafka: [\d,]+ requests; windows: /m);
    expect(await states()).toEqual({
      kafka: 'stopped',
      registry: 'stopped',
      connect: 'stopped',
      elasticsearch: 'stopped',
      influxdb: 'ready',
    });
  });
});
