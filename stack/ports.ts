import { randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { z } from 'zod';

/** The address that every service listens on. */
export const HOST = '127.0.0.1';

const ELASTICSEARCH_RANGE = [9201, 9299] as const;

/** Below those that systems give to outgoing connections: such a one could take the port of a service that restarts. */
const FREE_RANGE = [20_000, 32_000] as const;

const port = portWithin([1, 65_535]);

/** The ports that the services listen on. */
export const stackPorts = z.object({
  kafka: port,
  /** Where Kafka's controller listens. */
  kafkaController: port,
  registry: port,
  connect: port,
  /** From 9201 to 9299: what starts Elasticsearch takes no other. */
  elasticsearch: portWithin(ELASTICSEARCH_RANGE),
  /** Where Elasticsearch listens for other nodes. */
  elasticsearchTransport: port,
  influxdb: port,
  /** Where InfluxDB listens for its backup tool. */
  influxdbBackup: port,
});

export type StackPorts = z.infer<typeof stackPorts>;
export type PortName = keyof StackPorts;

export const DEFAULT_PORTS: StackPorts = {
  kafka: 19_092,
  kafkaController: 19_093,
  registry: 18_081,
  connect: 18_083,
  elasticsearch: 9251,
  elasticsearchTransport: 19_300,
  influxdb: 18_086,
  influxdbBackup: 18_088,
};

function portWithin([first, last]: readonly [number, number]) {
  const range = `it must be a port from ${first} to ${last}`;
  return z.int(range).min(first, range).max(last, range);
}

export async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port));
    return true;
  } catch {
    return false;
  }
}

/** Ports that are free now, for tests that run beside others. */
export async function freePorts(): Promise<StackPorts> {
  const held: Server[] = [];
  const ports: Partial<Record<PortName, number>> = {};
  try {
    // All are held until the last is found, so that they differ.
    for (const name of Object.keys(DEFAULT_PORTS) as PortName[]) {
      const server = await listenWithin(name === 'elasticsearch' ? ELASTICSEARCH_RANGE : FREE_RANGE);
      held.push(server);
      ports[name] = (server.address() as AddressInfo).port;
    }
  } finally {
    await Promise.all(held.map(close));
  }
  return stackPorts.parse(ports);
}

async function listenWithin([first, last]: readonly [number, number]): Promise<Server> {
  const count = last - first + 1;
  const start = randomInt(count);
  for (let tried = 1; ; tried++) {
    try {
      return await listen(first + ((start + tried) % count));
    } catch (error) {
      if (tried === count) throw error;
    }
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: HOST }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
