import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type InspectedUrl, inspectUrl } from '../../../app/ingestion/inspect-url.js';
import type { Inspection } from '../../../app/ingestion/inspection.js';
import { combinedLines } from '../producer/log-inputs.js';

const servers: Server[] = [];
const TLS = new URL('../../fixtures/tls/', import.meta.url);

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function served(answer: RequestListener): Promise<string> {
  return `http://${await listening(createServer(answer))}`;
}

const options = { format: 'auto', host: 'unknown', server: 'unknown' };

function inspect(url: string, call: Partial<InspectedUrl> = {}): Promise<Inspection> {
  const limits = { mostBytes: 1024 * 1024, mostMs: 5_000, mostLines: 10_000 };
  return inspectUrl({ url, ...limits, ...call }, options, new AbortController().signal);
}

function events({ kinds }: Inspection): number {
  return kinds.reduce((sum, kind) => sum + kind.events, 0);
}

/** The message of the failure. */
async function failureOf(inspected: Promise<Inspection>): Promise<string> {
  return inspected.then(
    () => 'no failure',
    (error: Error) => error.message,
  );
}

describe('inspecting a URL', () => {
  it('reads a log as a file is read, with its guesses, its refused lines and what --map would say', async () => {
    const url = await served((_, response) => {
      response.end(
        `{"level":30,"time":1795820270812,"pid":7,"hostname":"a","name":"cart","msg":"added"}\nwhat is this\n`,
      );
    });
    const inspection = await inspect(`${url}/logs/cart.log?page=2`);
    expect(events(inspection)).toBe(1);
    expect(inspection.guesses[0]).toEqual({ format: 'json', read: 1, of: 2 });
    expect(inspection.map).toBe('time=time,service=name,level=level,message=msg,source=hostname');
    expect(inspection.refused.first).toMatchObject([{ source: `${url}/logs/cart.log?page=2`, line: 2 }]);
    expect(inspection.isPart).toBe(false);
  });

  it('takes the service from the name in the path', async () => {
    const url = await served((_, response) => response.end('2026-11-29T10:00:00Z ERROR boom\n'));
    const { kinds } = await inspect(`${url}/payment-service.log.gz?x=1`);
    expect(kinds[0]?.fields.find(({ name }) => name === 'service')?.first).toBe('payment-service');
  });

  const text = combinedLines(0, 100);
  it.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzipSync(text)],
    ['gzip, by its bytes', '', gzipSync(text)],
    ['gzip, twice', 'gzip', gzipSync(gzipSync(text))],
    ['deflate', 'deflate', deflateSync(text)],
    ['deflate without a header', 'deflate', deflateRawSync(text)],
    ['brotli', 'br', brotliCompressSync(text)],
    ['gzip within brotli', 'gzip, br', brotliCompressSync(gzipSync(text))],
    ['UTF-16', '', Buffer.from(`\ufeff${text}`, 'utf16le')],
  ])('decompresses %s', async (_what, encoding, body) => {
    const url = await served((_, response) => {
      if (encoding !== '') response.setHeader('content-encoding', encoding);
      response.end(body);
    });
    const inspection = await inspect(`${url}/access.log`);
    expect([events(inspection), inspection.refused.total]).toEqual([100, 0]);
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
  ])('reads what there is of %s that breaks off, and says so', async (encoding, body) => {
    const url = await served((_, response) => {
      response.setHeader('content-encoding', encoding);
      response.end(body.subarray(0, body.length - 40));
    });
    const inspection = await inspect(url);
    expect(events(inspection)).toBeGreaterThan(0);
    expect(inspection.refused.total).toBe(0);
    expect(inspection.warnings.join()).toContain('ends in the middle or is damaged');
  });

  it('ends an answer without end after a time, a number of lines or of bytes, with a whole line', async () => {
    const url = await served((_, response) => {
      const timer = setInterval(() => response.write(`${combinedLines(0, 50)}10.0.`), 5);
      response.on('close', () => clearInterval(timer));
      response.write(combinedLines(0, 50));
    });
    for (const limit of [{ mostMs: 150 }, { mostLines: 20 }, { mostBytes: 1_000 }]) {
      const inspection = await inspect(url, limit);
      expect(events(inspection)).toBeGreaterThan(0);
      expect(inspection.isPart).toBe(true);
    }
  });

  it('says when nothing came in time', async () => {
    const url = await served((_, response) => response.flushHeaders());
    const inspection = await inspect(url, { mostMs: 100 });
    expect(inspection.warnings).toEqual(['nothing came within 0.1 s']);
  });

  it('reads what came before a connection broke off, and says so', async () => {
    const url = await served((_, response) => {
      response.setHeader('content-length', 1_000_000);
      response.write(`${combinedLines(0, 10)}10.0.0.1 - - [17/`, () => setTimeout(() => response.destroy(), 50));
    });
    const inspection = await inspect(url);
    expect([events(inspection), inspection.refused.total]).toEqual([10, 0]);
    expect(inspection.warnings.join()).toContain('broke off');
  });
});

describe('the credentials of a URL', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const echo = (request: IncomingMessage, response: ServerResponse) => {
    response.statusCode = 401;
    response.setHeader('www-authenticate', 'Basic realm="logs"');
    response.setHeader('content-type', 'text/plain');
    response.end(request.headers.authorization ?? 'nothing');
  };

  it('are sent, and not printed', async () => {
    const url = await served(echo);
    const message = await failureOf(inspect(`${url.replace('//', '//ops:p%40ss:w@')}/a?token=abc&page=2`));
    expect(message).toContain(basic('ops:p@ss:w'));
    expect(message).toContain(`${url.replace('//', '//…@')}/a?token=…&page=2 answered 401`);
    expect(message).toContain('--credentials');
    expect(message).not.toMatch(/p%40ss|abc/);
  });

  it('by option go before those of the URL, and a header before both', async () => {
    const url = await served(echo);
    const credentials = { name: 'other', password: 'pass' };
    expect(await failureOf(inspect(url.replace('//', '//ops:x@'), { credentials }))).toContain(basic('other:pass'));
    const headers = { authorization: 'Bearer t' };
    expect(await failureOf(inspect(url, { credentials, headers }))).toContain('it says Bearer t');
  });

  it('are sent to the origin that they are for alone', async () => {
    const other = await served(echo);
    const url = await served((_, response) => response.writeHead(302, { location: `${other}/log` }).end());
    const headers = { authorization: 'Bearer t' };
    expect(await failureOf(inspect(url, { headers }))).toContain('it says nothing');
  });
});

describe('what is no log', () => {
  it.each<[string, RequestListener, RegExp]>([
    ['404', (_, response) => response.writeHead(404).end('x'), /answered 404: there is nothing under this path$/],
    [
      '500',
      (_, response) => response.writeHead(500, { 'content-type': 'application/json' }).end('{"e":1}'),
      /the server failed; it says \{"e":1\}$/,
    ],
    ['nothing', (_, response) => response.end(), /answered with an empty body$/],
    ['no content', (_, response) => response.writeHead(204).end(), /answered with an empty body$/],
    [
      'a page',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html>\n<title>Log in</title>'),
      /answered with a page in HTML, “Log in”, not with a log/,
    ],
    [
      'an unknown encoding',
      (_, response) => response.writeHead(200, { 'content-encoding': 'compress' }).end('x'),
      /encoded as compress/,
    ],
    [
      'a circle of redirects',
      (_, response) => response.writeHead(301, { location: '/again' }).end(),
      /redirects more than 5 times/,
    ],
    [
      'a redirect to a file',
      (_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
      /no http:\/\/ or https:\/\/ URL/,
    ],
    ['a closed connection', (request) => request.socket.destroy(), /the connection was closed before an answer/],
  ])('%s is told as what it is', async (_what, answer, message) => {
    expect(await failureOf(inspect(await served(answer)))).toMatch(message);
  });

  it('follows a redirect and says where to', async () => {
    const url = await served((request, response) => {
      if (request.url === '/log') response.end(combinedLines(0, 3));
      else response.writeHead(307, { location: '/log' }).end();
    });
    const inspection = await inspect(`${url}/old`);
    expect(events(inspection)).toBe(3);
    expect(inspection.warnings).toEqual([`it redirects to ${url}/log`]);
  });

  it('tells hosts and ports that are not there, and certificates that are not known', async () => {
    expect(await failureOf(inspect('http://no-such-host.invalid/x'))).toMatch(
      /no name server knows|name server does not/,
    );
    const gone = await served(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await failureOf(inspect(gone))).toContain('nothing listens at 127.0.0.1');
    const key = { cert: readFileSync(new URL('instance.pem', TLS)), key: readFileSync(new URL('instance.key', TLS)) };
    const host = await listening(createTlsServer(key, (_, response) => response.end('x')));
    expect(await failureOf(inspect(`https://${host}/`))).toContain('NODE_EXTRA_CA_CERTS');
    expect(await failureOf(inspect(`http://${host}/`))).toMatch(/does it want https|no HTTP server/);
    const plain = await served((_, response) => response.end('x'));
    expect(await failureOf(inspect(plain.replace('http:', 'https:')))).toContain('does not speak TLS');
  });
});
