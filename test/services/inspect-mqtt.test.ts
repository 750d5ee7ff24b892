import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';

/** As Debian has them: `apt-get install mosquitto mosquitto-clients`. */
const isInstalled = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto_pub'].every(existsSync);
if (!isInstalled) console.warn('skipped, for mosquitto is not installed here');

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let broker: ChildProcess | undefined;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  if (broker !== undefined && broker.exitCode === null) {
    broker.kill();
    await once(broker, 'exit');
  }
  await directory.remove();
});

describe.skipIf(!isInstalled)('millrace inspect mqtt://…', () => {
  it('shows how what a broker sends is read, and never the password', async () => {
    const port = await startedBroker('ops', 'p:w');
    publish(port, 'plant/boiler-7', '{"temperature": 21.5, "pressure": 2.1}');
    publish(port, 'plant/boiler-8/temperature', '19');
    publish(port, 'plant/odd', 'what is this');
    const url = `mqtt://ops:p%3Aw@127.0.0.1:${port}/plant/#`;
    const { code, stdout } = await millrace(['inspect', url, '--for', '1s', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ name: `mqtt://…@127.0.0.1:${port}/plant/#`, kind: 'mqtt', events: 2, isPart: false },
      kinds: [{ kind: 'sensor readings', events: 2 }],
      refused: { total: 1, reasons: { 'not-in-format': 1 }, first: [{ source: 'mqtt plant/odd' }] },
    });
    const wrong = await millrace(['inspect', url.replace('p%3A', 'secret'), '--for', '1s']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(
      /no messages from the MQTT broker at mqtt:\/\/…@127\.0\.0\.1:\d+: .*[Nn]ot authorized/,
    );
  });
});

async function startedBroker(name: string, password: string): Promise<number> {
  const passwords = join(directory.path, 'passwords');
  execFileSync('mosquitto_passwd', ['-b', '-c', passwords, name, password]);
  const port = await freePort();
  const configuration = join(directory.path, 'mosquitto.conf');
  await writeFile(
    configuration,
    `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}\nuser root\n`,
  );
  broker = spawn('/usr/sbin/mosquitto', ['-c', configuration], { stdio: 'ignore' });
  await until(async () => tryToPublish(port, 'ready', 'yes'));
  return port;
}

/** The broker keeps it for who subscribes later. */
function publish(port: number, topic: string, message: string): void {
  const to = ['-p', String(port), '-u', 'ops', '-P', 'p:w'];
  execFileSync('mosquitto_pub', [...to, '-q', '1', '-r', '-t', topic, '-m', message], { stdio: 'ignore' });
}

function tryToPublish(port: number, topic: string, message: string): boolean {
  try {
    publish(port, topic, message);
    return true;
  } catch {
    return false;
  }
}
