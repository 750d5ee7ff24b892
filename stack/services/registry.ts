import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { answers } from '../http.js';
import { FIRST_COMPILER, requireJava } from '../java.js';
import { HOST, type StackPorts } from '../ports.js';
import type { Service } from '../service.js';
import { StackError } from '../stack-error.js';
import { kafka } from './kafka.js';

/** Where Apicurio speaks Confluent's API. */
const CONFLUENT_API = '/apis/ccompat/v7';
const JOURNAL = 'apicurio-journal';
const SNAPSHOTS = 'apicurio-snapshots';
const EVENTS = 'apicurio-events';

/** Apicurio Registry: the schemas are in Kafka, as they are with Confluent's. */
export const registry: Service = {
  name: 'registry',
  dependsOn: ['kafka'],
  ports: ['registry'],
  readyWithinMs: 120_000,

  async download(downloads, onDownload) {
    await requireJava();
    return { path: await downloads.unpacked('registry', onDownload) };
  },

  async prepare({ software, ports }) {
    await createTopics(ports);
    return {
      program: 'java',
      args: ['-Xms64m', '-Xmx512m', FIRST_COMPILER, '-XX:+UseSerialGC', '-jar', await launcher(software.path)],
      env: {
        QUARKUS_HTTP_HOST: HOST,
        QUARKUS_HTTP_PORT: `${ports.registry}`,
        APICURIO_STORAGE_KIND: 'kafkasql',
        APICURIO_KAFKASQL_BOOTSTRAP_SERVERS: kafka.address(ports),
        APICURIO_KAFKASQL_TOPIC: JOURNAL,
        APICURIO_KAFKASQL_SNAPSHOTS_TOPIC: SNAPSHOTS,
        APICURIO_EVENTS_KAFKA_TOPIC: EVENTS,
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        // Clients find a schema by its text as well, however it is formatted.
        APICURIO_CCOMPAT_USE_CANONICAL_HASH: 'true',
      },
    };
  },

  address: (ports) => `http://${HOST}:${ports.registry}${CONFLUENT_API}`,

  isReady: async (ports) =>
    (await answers(`http://${HOST}:${ports.registry}/health/ready`)) &&
    (await answers(`${registry.address(ports)}/subjects`)),
};

async function launcher(directory: string): Promise<string> {
  const name = (await readdir(directory)).find((entry) => entry.endsWith('-runner.jar'));
  if (name === undefined) throw new StackError('DOWNLOAD_FAILED', `${directory} holds no registry; delete it`);
  return join(directory, name);
}

/** The registry would make them itself, and the broker would delete the schemas after its seven days. */
async function createTopics(ports: StackPorts): Promise<void> {
  // Loaded by those who start a registry only: it is a native addon, and may not be there.
  const { KafkaJS } = await import('@confluentinc/kafka-javascript');
  const client = new KafkaJS.Kafka({
    kafkaJS: { brokers: [kafka.address(ports)], logLevel: KafkaJS.logLevel.NOTHING },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    await admin.createTopics({
      topics: [JOURNAL, SNAPSHOTS, EVENTS].map((topic) => ({
        topic,
        numPartitions: 1,
        replicationFactor: 1,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: '-1' },
        ],
      })),
    });
  } catch (cause) {
    throw new StackError(
      'SERVICE_NOT_READY',
      `the registry's topics cannot be made on Kafka at ${kafka.address(ports)}: ${reasonOf(cause)}`,
      { cause },
    );
  } finally {
    await admin.disconnect();
  }
}

/** The client's error for several topics says nothing itself. */
function reasonOf(cause: unknown): string {
  const first: unknown = cause instanceof Error && 'errors' in cause ? (cause.errors as unknown[])[0] : cause;
  return first instanceof Error ? first.message : String(first);
}
