import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers } from '../http.js';
import { FIRST_COMPILER, javaArgs, requireJava } from '../java.js';
import { HOST } from '../ports.js';
import type { Service } from '../service.js';

/** Elasticsearch: one node. */
export const elasticsearch: Service = {
  name: 'elasticsearch',
  dependsOn: [],
  ports: ['elasticsearch', 'elasticsearchTransport'],
  readyWithinMs: 120_000,

  async download(downloads, onDownload) {
    await requireJava();
    return { path: await downloads.jars('elasticsearch', onDownload) };
  },

  async prepare({ directory, software, ports }) {
    const configuration = join(directory, 'config');
    await mkdir(configuration, { recursive: true });
    await writeFile(
      join(configuration, 'elasticsearch.yml'),
      [
        'cluster.name: millrace',
        `network.host: ${HOST}`,
        `transport.port: ${ports.elasticsearchTransport}`,
        'discovery.type: single-node',
        // One node has nowhere to put replicas, and a disk of which a tenth is free is no reason to stop.
        'cluster.routing.allocation.disk.threshold_enabled: false',
        '',
      ].join('\n'),
    );
    return {
      program: 'java',
      args: javaArgs(
        software.path,
        'org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner',
        [
          ...['-basePath', directory, '-confPath', configuration, '-dataPath', join(directory, 'data')],
          ...['-logsPath', join(directory, 'logs'), '-clusterName', 'millrace', '-numOfNode', '1'],
          // Its first node takes the port after this one.
          ...['-baseHttpPort', `${ports.elasticsearch - 1}`],
        ],
        ['-Xms512m', '-Xmx1g', FIRST_COMPILER],
      ),
    };
  },

  address: (ports) => `http://${HOST}:${ports.elasticsearch}`,

  isReady: (ports) => answers(`${elasticsearch.address(ports)}/_cluster/health?wait_for_status=yellow&timeout=1s`),
};
