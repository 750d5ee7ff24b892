import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import { portTaken } from '../../api/listen.js';
import { UsageError } from '../options/usage-error.js';

/** A port that an option names, and that somebody may send to: no other will do. */
export interface NamedPort {
  /** Such as `--http`. */
  readonly option: string;
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
}

type Release = () => Promise<void>;

/**
 * Looks whether each of the ports can be listened at, and lets go of them: for a program that is to find out before it
 * reads anything. They are held together, so two options that name the same port are found, too.
 *
 * @throws UsageError for the first that is taken, or cannot be listened at
 */
export async function requireFree(ports: readonly NamedPort[]): Promise<void> {
  const held: Release[] = [];
  try {
    for (const port of ports) held.push(await hold(port));
  } finally {
    await Promise.all(held.map((release) => release()));
  }
}

async function hold(named: NamedPort): Promise<Release> {
  const { host, option, port, protocol } = named;
  try {
    return await (protocol === 'tcp' ? holdTcp(named) : holdUdp(named));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw new UsageError(`${option}: port ${port} of ${host} cannot be used: ${message}`);
    throw new UsageError(portTaken(option, named, protocol));
  }
}

function holdTcp({ host, port }: NamedPort): Promise<Release> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(() => new Promise((released) => server.close(() => released()))));
  });
}

function holdUdp({ host, port }: NamedPort): Promise<Release> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => resolve(() => new Promise((released) => socket.close(() => released()))));
  });
}
