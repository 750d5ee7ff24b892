import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { LastPieces } from '../../../producer/last-pieces.js';

/** Nothing else runs for so long, as on a machine that has no time for a process. */
function beBusy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

it('what a pipe has is read when the process comes to itself late', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const pipe = createConnection({ port, host: '127.0.0.1' });
  const [sender] = (await once(server, 'connection')) as [Socket];
  const stop = new AbortController();
  new LastPieces(stop.signal).opened(pipe);
  let bytes = 0;
  pipe.on('data', (piece) => {
    bytes += piece.length;
  });
  sender.write('the first');
  await once(pipe, 'data');
  stop.abort();
  // Behind it come the timers that are due by then, and only then what is there to be read.
  setImmediate(() => {
    sender.write(' and the last');
    beBusy(500);
  });
  await once(pipe, 'close');
  expect(bytes).toBe('the first and the last'.length);
  sender.destroy();
  server.close();
});
