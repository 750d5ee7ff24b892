import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, expect, it } from 'vitest';
import { listen, PortTakenError } from '../../../api/listen.js';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
});

/** A port that another program has. */
async function takenPort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

it('a port that was named and is taken is an error, which says how to find out by whom', async () => {
  const port = await takenPort();
  const failure = await listen(express(), { host: '127.0.0.1', port }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PortTakenError);
  expect(failure).toMatchObject({ code: 'EADDRINUSE' });
  expect((failure as Error).message).toContain(`port ${port} of 127.0.0.1`);
  expect((failure as Error).message).toContain(`ss -ltnp sport = :${port}`);
});

it('a default port that is taken is passed over for one of the next', async () => {
  const port = await takenPort();
  const { server, url } = await listen(express(), { host: '127.0.0.1', port, isDefault: true });
  servers.push(server);
  const got = Number(new URL(url).port);
  expect(got).toBeGreaterThan(port);
  expect(got).toBeLessThanOrEqual(port + 20);
});

it('an idle connection is kept for longer than proxies keep theirs: none sends a request while this end closes', async () => {
  const { server, url } = await listen(express(), { host: '127.0.0.1', port: 0 });
  servers.push(server);
  const answer = await fetch(url);
  expect(answer.headers.get('keep-alive')).toBe('timeout=75');
});
