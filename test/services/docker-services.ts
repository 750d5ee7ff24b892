import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GenericContainer, getContainerRuntimeClient, ImageName, Network } from 'testcontainers';
import { answers } from '../../stack/http.js';
import { freePorts, HOST, type StackPorts } from '../../stack/ports.js';
import { SERVICE_NAMES, type ServiceName } from '../../stack/service.js';
import { kafka, SINGLE_BROKER_SETTINGS } from '../../stack/services/kafka.js';
import type { StackAddresses } from '../../stack/stack.js';
import type { Services } from './services.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const READY_WITHIN_MS = 120_000;
const READY_POLL_MS = 100;
const STOP_WITHIN_S = 30;

/** How the containers reach each other. */
const INTERNAL: StackAddresses = {
  brokers: 'kafka:29092',
  registryUrl: 'http://registry:8081',
  connectUrl: 'http://connect:8083',
  elasticsearchUrl: 'http://elasticsearch:9200',
  influxUrl: 'http://influxdb:8086',
};

type Environment = Readonly<Record<string, string>>;

interface ContainerService {
  /** Undefined for the one that is built from this repository. */
  readonly image: string | undefined;
  readonly port: number;
  readonly environment: (ports: StackPorts) => Environment;
  readonly isReady: (ports: StackPorts) => Promise<boolean>;
}

const CONNECT_IMAGE = 'millrace-connect:test';

const CONTAINERS: Readonly<Record<ServiceName, ContainerService>> = {
  kafka: {
    image: 'apache/kafka:4.2.1',
    port: 9092,
    environment: (ports) => ({
      ...fromProperties('KAFKA', SINGLE_BROKER_SETTINGS),
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:29093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,INTERNAL://:29092,CONTROLLER://:29093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${HOST}:${ports.kafka},INTERNAL://${INTERNAL.brokers}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'INTERNAL',
      KAFKA_LOG_DIRS: '/var/lib/kafka/data',
      KAFKA_HEAP_OPTS: '-Xms256m -Xmx1g',
    }),
    isReady: kafka.isReady,
  },
  registry: {
    image: 'confluentinc/cp-schema-registry:7.9.0',
    port: 8081,
    environment: () => ({
      SCHEMA_REGISTRY_HOST_NAME: 'registry',
      SCHEMA_REGISTRY_LISTENERS: 'http://0.0.0.0:8081',
      SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS: INTERNAL.brokers,
      SCHEMA_REGISTRY_KAFKASTORE_TOPIC_REPLICATION_FACTOR: '1',
      SCHEMA_REGISTRY_HEAP_OPTS: '-Xms64m -Xmx512m',
    }),
    isReady: (ports) => answers(`http://${HOST}:${ports.registry}/subjects`),
  },
  connect: {
    image: undefined,
    port: 8083,
    environment: () => ({
      ...fromProperties('CONNECT', {
        'bootstrap.servers': INTERNAL.brokers,
        'group.id': 'millrace-connect',
        'rest.advertised.host.name': 'connect',
        'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': false,
        'config.storage.topic': 'connect-configs',
        'offset.storage.topic': 'connect-offsets',
        'status.storage.topic': 'connect-status',
        'config.storage.replication.factor': 1,
        'offset.storage.replication.factor': 1,
        'status.storage.replication.factor': 1,
      }),
      KAFKA_HEAP_OPTS: '-Xms64m -Xmx768m',
    }),
    isReady: (ports) => answers(`http://${HOST}:${ports.connect}/connectors`),
  },
  elasticsearch: {
    image: 'docker.elastic.co/elasticsearch/elasticsearch:7.17.29',
    port: 9200,
    environment: () => ({
      'discovery.type': 'single-node',
      'xpack.security.enabled': 'false',
      'cluster.routing.allocation.disk.threshold_enabled': 'false',
      ES_JAVA_OPTS: '-Xms512m -Xmx1g',
    }),
    isReady: (ports) =>
      answers(`http://${HOST}:${ports.elasticsearch}/_cluster/health?wait_for_status=yellow&timeout=1s`),
  },
  influxdb: {
    image: 'influxdb:1.8',
    port: 8086,
    environment: () => ({ INFLUXDB_REPORTING_DISABLED: 'true', INFLUXDB_HTTP_LOG_ENABLED: 'false' }),
    isReady: (ports) => answers(`http://${HOST}:${ports.influxdb}/ping`),
  },
};

/** The variables by which the images are given a program's properties. */
function fromProperties(prefix: string, properties: Readonly<Record<string, string | number | boolean>>): Environment {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      `${prefix}_${name.toUpperCase().replaceAll('.', '_')}`,
      String(value),
    ]),
  );
}

/** @returns why there is no Docker engine on this machine; undefined when there is */
export async function whyNoDocker(): Promise<string | undefined> {
  try {
    const { info } = await getContainerRuntimeClient();
    const { host } = info.containerRuntime;
    // The broker tells its clients one address, and it is this machine's.
    return ['localhost', HOST].includes(host) ? undefined : `the Docker engine is on another machine, ${host}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Pulls, or builds, the images that are not there yet. */
export async function prepareImages(names: readonly ServiceName[]): Promise<void> {
  const { image: images } = await getContainerRuntimeClient();
  for (const { image } of names.map((name) => CONTAINERS[name])) {
    if (image === undefined) {
      await GenericContainer.fromDockerfile(ROOT, 'docker/connect/Dockerfile')
        .withBuildkit()
        .build(CONNECT_IMAGE, { deleteOnExit: false });
      continue;
    }
    const name = ImageName.fromString(image);
    await images.pull(name);
    // A pull that breaks off ends like one that does not.
    if (!(await images.exists(name))) throw new Error(`the image ${image} could not be pulled`);
  }
}

/** Starts the services as containers. What a killed test leaves is removed by testcontainers' own reaper. */
export async function startContainers(names: readonly ServiceName[]): Promise<Services> {
  const { container: containers } = await getContainerRuntimeClient();
  const ports = await freePorts();
  const network = await new Network().start();
  const ids = new Map<ServiceName, string>();

  const containerOf = (name: ServiceName): ReturnType<typeof containers.getById> => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`${name} was not started`);
    return containers.getById(id);
  };
  const close = async (): Promise<void> => {
    await Promise.all([...ids.values()].map((id) => containers.getById(id).remove({ force: true, v: true })));
    await network.stop();
  };
  try {
    for (const name of SERVICE_NAMES.filter((each) => names.includes(each))) {
      const { environment, image, port } = CONTAINERS[name];
      const container = await new GenericContainer(image ?? CONNECT_IMAGE)
        .withNetwork(network)
        .withNetworkAliases(name)
        .withHostname(name)
        .withEnvironment({ ...environment(ports) })
        // Not any free port: it is to be the same when the container is started again.
        .withExposedPorts({ container: port, host: ports[name] })
        .withStartupTimeout(READY_WITHIN_MS)
        .start();
      ids.set(name, container.getId());
      await untilReady(name, ports);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const url = (name: ServiceName): string => `http://${HOST}:${ports[name]}`;
  return {
    addresses: {
      brokers: `${HOST}:${ports.kafka}`,
      registryUrl: url('registry'),
      connectUrl: url('connect'),
      elasticsearchUrl: url('elasticsearch'),
      influxUrl: url('influxdb'),
    },
    internalAddresses: INTERNAL,
    kill: async (name) => {
      const container = containerOf(name);
      await container.kill({ signal: 'SIGKILL' });
      await container.wait({ condition: 'not-running' });
    },
    stop: async (name) => {
      await containerOf(name).stop({ t: STOP_WITHIN_S });
    },
    start: async (name) => {
      await containerOf(name).start();
      await untilReady(name, ports);
    },
    close,
  };
}

async function untilReady(name: ServiceName, ports: StackPorts): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await CONTAINERS[name].isReady(ports))) {
    if (performance.now() > deadline) throw new Error(`${name} is not ready after ${READY_WITHIN_MS / 1000} s`);
    await delay(READY_POLL_MS);
  }
}
