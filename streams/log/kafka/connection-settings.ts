import { readFileSync } from 'node:fs';
import type { ConnectionOptions, SASLOptions } from '@platformatic/kafka';
import { LogError } from '../log.js';
import { clientSettings, type KafkaSettings } from './client-settings.js';

type Tls = NonNullable<ConnectionOptions['tls']>;

const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;

/**
 * The settings of librdkafka that say how to connect, for the connections that records are read over.
 *
 * @throws LogError LOG_SETTING when a file cannot be read, or for what these connections cannot do
 */
export function connectionOptions(settings: KafkaSettings): ConnectionOptions {
  const all = clientSettings('consumer', settings, {}) as KafkaSettings;
  const protocol = (text(all, 'security.protocol') ?? 'plaintext').toLowerCase();
  return {
    connectTimeout: Number(all['socket.connection.setup.timeout.ms']),
    requestTimeout: Number(all['socket.timeout.ms']),
    ...(protocol.endsWith('ssl') ? { tls: tlsOptions(all) } : {}),
    ...(protocol.startsWith('sasl') ? { sasl: saslOptions(all) } : {}),
  };
}

function tlsOptions(settings: KafkaSettings): Tls {
  const passphrase = text(settings, 'ssl.key.password') ?? text(settings, 'ssl.keystore.password');
  const found = {
    ca: text(settings, 'ssl.ca.pem') ?? file(settings, 'ssl.ca.location'),
    cert: text(settings, 'ssl.certificate.pem') ?? file(settings, 'ssl.certificate.location'),
    key: text(settings, 'ssl.key.pem') ?? file(settings, 'ssl.key.location'),
    pfx: file(settings, 'ssl.keystore.location'),
    passphrase,
    ciphers: text(settings, 'ssl.cipher.suites'),
  };
  const options: Tls = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  if (String(settings['enable.ssl.certificate.verification']) === 'false') options.rejectUnauthorized = false;
  if (text(settings, 'ssl.endpoint.identification.algorithm') === 'none') options.checkServerIdentity = () => undefined;
  return options;
}

function saslOptions(settings: KafkaSettings): SASLOptions {
  const asked = text(settings, 'sasl.mechanisms') ?? text(settings, 'sasl.mechanism') ?? 'GSSAPI';
  const mechanism = SASL_MECHANISMS.find((known) => known === asked.toUpperCase());
  if (mechanism === undefined) {
    throw new LogError(
      'LOG_SETTING',
      `records cannot be read with sasl.mechanism ${asked}; one of ${SASL_MECHANISMS.join(', ')} can be`,
    );
  }
  if (mechanism === 'OAUTHBEARER') return { mechanism, token: () => oidcToken(settings) };
  return {
    mechanism,
    username: text(settings, 'sasl.username') ?? '',
    password: text(settings, 'sasl.password') ?? '',
  };
}

/** A token for the client's credentials (RFC 6749, section 4.4), as librdkafka asks for one. */
async function oidcToken(settings: KafkaSettings): Promise<string> {
  const url = text(settings, 'sasl.oauthbearer.token.endpoint.url');
  const id =
    text(settings, 'sasl.oauthbearer.client.id') ?? text(settings, 'sasl.oauthbearer.client.credentials.client.id');
  const secret =
    text(settings, 'sasl.oauthbearer.client.secret') ??
    text(settings, 'sasl.oauthbearer.client.credentials.client.secret');
  if (url === undefined || id === undefined || secret === undefined) {
    throw new LogError(
      'LOG_SETTING',
      'OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url, .client.id and .client.secret',
    );
  }
  const scope = text(settings, 'sasl.oauthbearer.scope');
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
  });
  if (!response.ok) throw new Error(`${url} answers with ${response.status}`);
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`${url} answers without an access_token`);
  return token;
}

function text(settings: KafkaSettings, name: string): string | undefined {
  const value = settings[name];
  return value === undefined || value === '' ? undefined : String(value);
}

function file(settings: KafkaSettings, name: string): Buffer | undefined {
  const path = text(settings, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LogError('LOG_SETTING', `${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
