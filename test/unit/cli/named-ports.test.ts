import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { requireFree } from '../../../cli/commands/named-ports.js';
import { UsageError } from '../../../cli/options/usage-error.js';

const HOST = '127.0.0.1';

async function withTcp(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function withUdp(use: (port: number) => Promise<void>): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  try {
    await use(socket.address().port);
  } finally {
    await new Promise<void>((resolve) => socket.close(resolve));
  }
}

describe('ports that options name', () => {
  it('are refused with the option where another program listens, and how to find out which', async () => {
    await withTcp(async (port) => {
      const found = requireFree([{ option: '--http', protocol: 'tcp', host: HOST, port }]);
      await expect(found).rejects.toThrow(
        new UsageError(
          `--http: port ${port} of 127.0.0.1 is taken: \`ss -ltnp sport = :${port}\` tells by whom; choose another`,
        ),
      );
    });
    await withUdp(async (port) => {
      const found = requireFree([{ option: '--syslog', protocol: 'udp', host: HOST, port }]);
      await expect(found).rejects.toThrow(`--syslog: port ${port} of 127.0.0.1 is taken: \`ss -lunp`);
    });
  });

  it('are free again when they have been looked at', async () => {
    let free = 0;
    await withTcp(async (port) => {
      free = port;
    });
    const places = (['tcp', 'udp'] as const).map((protocol) => ({
      option: '--syslog',
      protocol,
      host: HOST,
      port: free,
    }));
    await requireFree(places);
    await requireFree(places);
  });

  it('cannot be the same, and are of this machine', async () => {
    let free = 0;
    await withTcp(async (port) => {
      free = port;
    });
    const place = (option: string) => ({ option, protocol: 'tcp' as const, host: HOST, port: free });
    await expect(requireFree([place('--syslog'), place('--http')])).rejects.toThrow(`--http: port ${free}`);
    await expect(requireFree([{ ...place('--http'), host: '192.0.2.1' }])).rejects.toThrow(
      `--http: port ${free} of 192.0.2.1 cannot be used`,
    );
  });
});
