import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, Dispatcher } from 'undici';
import { ProducerError } from '../producer-error.js';
import { ACCEPTED_ENCODINGS } from './content-encoding.js';
import { type Credentials, credentialsIn } from './credentials.js';
import { shownUrl } from './shown-url.js';

export interface HttpCall {
  /** `http://` or `https://`, maybe with a name and a password. */
  readonly url: string;
  /** Sent to the URL's own origin alone: a redirect elsewhere does not get them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the URL's. */
  readonly credentials?: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** What a server answered with, when it has answered well. */
export interface HttpAnswer {
  /** Where it came from in the end, as it may be printed. */
  readonly shownUrl: string;
  readonly isRedirected: boolean;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: AsyncIterable<Buffer>;
  close(): Promise<void>;
}

const MOST_REDIRECTS = 5;
const ANSWER_MS = 10_000;
const SAID_BYTES = 2_000;
const SAID_MS = 1_000;
const SAID_CHARACTERS = 160;

/** Gets what a URL names. @throws ProducerError SOURCE_UNREACHABLE, SOURCE_ANSWER */
export async function httpAnswer(call: HttpCall): Promise<HttpAnswer> {
  const { Agent } = await import('undici');
  const agent = new Agent({ connect: { timeout: ANSWER_MS }, headersTimeout: ANSWER_MS, bodyTimeout: 0 });
  try {
    const first = parsed(call.url);
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await sent(call, url, url.origin === first.origin, agent);
      const { headers, statusCode: status } = answer;
      const location = status >= 300 && status < 400 ? text(headers['location']) : '';
      if (location === '') {
        if (status < 200 || status >= 300) throw await refusal(url, answer);
        return {
          ...{ shownUrl: shownUrl(url.href), isRedirected: redirects > 0, body: answer.body },
          contentType: text(headers['content-type']),
          contentEncoding: text(headers['content-encoding']),
          close: () => agent.destroy(),
        };
      }
      answer.body.on('error', () => {}).destroy();
      if (redirects >= MOST_REDIRECTS) {
        throw answerError(url, `redirects more than ${MOST_REDIRECTS} times, at last to ${shownUrl(location)}`);
      }
      url = redirected(url, location);
    }
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

function parsed(url: string): URL {
  if (!URL.canParse(url)) throw new ProducerError('SOURCE_UNREACHABLE', `${shownUrl(url)} is no URL`);
  return new URL(url);
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || !/^https?:$/.test(to.protocol)) {
    throw answerError(from, `redirects to ${shownUrl(location)}, which is no http:// or https:// URL`);
  }
  return to;
}

function text(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header.join(', ') : header) ?? '';
}

async function sent(
  { credentials, headers, signal }: HttpCall,
  url: URL,
  isTrusted: boolean,
  dispatcher: Agent,
): Promise<Dispatcher.ResponseData> {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  const known = credentials ?? credentialsIn(url.href);
  try {
    const { request } = await import('undici');
    return await request(bare, {
      ...{ dispatcher, signal, method: 'GET' },
      headers: {
        ...{ accept: 'text/plain, application/x-ndjson, application/json, */*;q=0.5', 'user-agent': 'millrace' },
        'accept-encoding': ACCEPTED_ENCODINGS,
        ...(isTrusted && known !== undefined
          ? { authorization: `Basic ${Buffer.from(`${known.name}:${known.password}`).toString('base64')}` }
          : undefined),
        ...(isTrusted ? headers : undefined),
      },
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ProducerError('SOURCE_UNREACHABLE', `${shownUrl(url.href)} cannot be read: ${unreachable(url, cause)}`, {
      cause,
    });
  }
}

/** What is wrong, and what to do about it. */
function unreachable({ host, hostname, protocol }: URL, cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOTFOUND':
      return `no name server knows the host ${hostname}`;
    case 'EAI_AGAIN':
      return `the name server does not answer for ${hostname}; try again`;
    case 'ECONNREFUSED':
      return `nothing listens at ${host}`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to ${host} from here`;
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return protocol === 'http:'
        ? 'the connection was closed before an answer; does it want https://?'
        : 'the connection was closed before an answer';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return `${host} does not answer within ${ANSWER_MS / 1000} s`;
    case 'UND_ERR_HEADERS_TIMEOUT':
      return `it is connected, and has not answered within ${ANSWER_MS / 1000} s`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is not for ${hostname}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `its certificate is of an authority that is not known here (${code}); NODE_EXTRA_CA_CERTS=authority.pem makes it known`;
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not speak TLS there; does it want http://?';
  }
  return code.startsWith('HPE_') || code === 'UND_ERR_RESPONSE'
    ? `what answers is no HTTP server: ${message}`
    : message;
}

/** What an answer other than a success means. */
async function refusal(
  url: URL,
  { body, headers, statusCode: status }: Dispatcher.ResponseData,
): Promise<ProducerError> {
  const said = await saidIn(body, text(headers['content-type']));
  return answerError(url, `answered ${status}: ${meaningOf(status, headers)}${said === '' ? '' : `; it says ${said}`}`);
}

function meaningOf(status: number, headers: Dispatcher.ResponseData['headers']): string {
  switch (status) {
    case 401: {
      const scheme = /^\w+/.exec(text(headers['www-authenticate']))?.[0];
      return `it wants credentials${scheme === undefined ? '' : ` (${scheme})`}: --credentials name:password, or --header 'Authorization: Bearer …'`;
    }
    case 403:
      return 'these credentials, or none, may not read it';
    case 404:
      return 'there is nothing under this path';
    case 407:
      return 'a proxy wants credentials';
    case 429:
      return 'too many requests; try again later';
  }
  if (status >= 500) return 'the server failed';
  return status >= 300 && status < 400 ? 'a redirect that does not say where to' : 'the server refuses the request';
}

/** The beginning of a text that explains; of a page in HTML nothing. */
async function saidIn(body: Dispatcher.ResponseData['body'], contentType: string): Promise<string> {
  const read = async () => {
    let said = '';
    for await (const piece of body as AsyncIterable<Buffer>) {
      said += piece.toString();
      if (said.length >= SAID_BYTES) break;
    }
    return said;
  };
  if (!/^text\/plain|json/.test(contentType)) {
    body.on('error', () => {}).destroy();
    return '';
  }
  const said = await Promise.race([read().catch(() => ''), delay(SAID_MS, '', { ref: false })]);
  const line = said.trim().replace(/\s+/g, ' ');
  return line.length > SAID_CHARACTERS ? `${line.slice(0, SAID_CHARACTERS)}…` : line;
}

export function answerError(url: URL | string, what: string): ProducerError {
  return new ProducerError('SOURCE_ANSWER', `${shownUrl(String(url))} ${what}`);
}
