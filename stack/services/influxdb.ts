import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answers } from '../http.js';
import { HOST } from '../ports.js';
import type { Service } from '../service.js';
import { StackError } from '../stack-error.js';

const PROGRAM = 'influxd';

const run = promisify(execFile);

/** InfluxDB 1.x: the one on the PATH, or else Debian's package, unpacked. */
export const influxdb: Service = {
  name: 'influxdb',
  dependsOn: [],
  ports: ['influxdb', 'influxdbBackup'],
  readyWithinMs: 60_000,

  async download(downloads, onDownload) {
    if (await isVersion1(PROGRAM)) return { path: PROGRAM };
    try {
      return { path: join(await downloads.debianPackage('influxdb', onDownload), 'usr', 'bin', PROGRAM) };
    } catch (cause) {
      if (!(cause instanceof StackError) || cause.code === 'INTERRUPTED') throw cause;
      throw new StackError(cause.code, `there is no influxd 1.x on the PATH, and ${cause.message}`, { cause });
    }
  },

  async prepare({ directory, software, ports }) {
    const file = join(directory, 'influxdb.conf');
    const path = (name: string): string => JSON.stringify(join(directory, 'data', name));
    await writeFile(
      file,
      `reporting-enabled = false
bind-address = "${HOST}:${ports.influxdbBackup}"

[meta]
  dir = ${path('meta')}

[data]
  dir = ${path('data')}
  wal-dir = ${path('wal')}
  index-version = "tsi1"
  query-log-enabled = false
  # A value for each client address is what they are for.
  max-series-per-database = 0
  max-values-per-tag = 0

[monitor]
  store-enabled = false

[http]
  bind-address = "${HOST}:${ports.influxdb}"
  log-enabled = false
`,
    );
    return { program: software.path, args: ['-config', file] };
  },

  address: (ports) => `http://${HOST}:${ports.influxdb}`,

  isReady: (ports) => answers(`${influxdb.address(ports)}/ping`),
};

async function isVersion1(program: string): Promise<boolean> {
  return run(program, ['version']).then(
    ({ stdout }) => stdout.includes(' v1.'),
    () => false,
  );
}
