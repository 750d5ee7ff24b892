import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareConnectPlugins } from '../connect-plugins.js';
import { answers } from '../http.js';
import { FIRST_COMPILER, javaArgs, requireJava } from '../java.js';
import { HOST } from '../ports.js';
import { propertiesText } from '../properties.js';
import type { Service } from '../service.js';
import { kafka, LOG_OPTION } from './kafka.js';

/** Kafka Connect: one distributed worker. */
export const connect: Service = {
  name: 'connect',
  dependsOn: ['kafka'],
  ports: ['connect'],
  readyWithinMs: 120_000,

  async download(downloads, onDownload) {
    await requireJava();
    const path = await downloads.jars('kafka', onDownload);
    const { directory, signal } = downloads;
    return { path, plugins: await prepareConnectPlugins(directory, { signal, onPrepare: onDownload }) };
  },

  async prepare({ directory, software, ports }) {
    const file = join(directory, 'worker.properties');
    await writeFile(
      file,
      propertiesText({
        'bootstrap.servers': kafka.address(ports),
        'group.id': 'millrace-connect',
        listeners: connect.address(ports),
        'rest.advertised.host.name': HOST,
        'plugin.path': software.plugins ?? '',
        // The plugins say what they are, which saves looking through all their classes.
        'plugin.discovery': 'service_load',
        'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': false,
        'config.storage.topic': 'connect-configs',
        'offset.storage.topic': 'connect-offsets',
        'status.storage.topic': 'connect-status',
        'config.storage.replication.factor': 1,
        'offset.storage.replication.factor': 1,
        'status.storage.replication.factor': 1,
        'offset.storage.partitions': 5,
        'status.storage.partitions': 1,
        'offset.flush.interval.ms': 5000,
        // A worker that was killed would otherwise hold its tasks until a rebalance gives up on it.
        'scheduled.rebalance.max.delay.ms': 0,
      }),
    );
    return {
      program: 'java',
      args: javaArgs(
        software.path,
        'org.apache.kafka.connect.cli.ConnectDistributed',
        [file],
        ['-Xms64m', '-Xmx768m', FIRST_COMPILER, LOG_OPTION],
      ),
    };
  },

  address: (ports) => `http://${HOST}:${ports.connect}`,

  isReady: (ports) => answers(`${connect.address(ports)}/health`),
};
