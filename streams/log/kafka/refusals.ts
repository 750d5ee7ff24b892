import kafka, { type LibrdKafkaError } from '@confluentinc/kafka-javascript';
import { LogError } from '../log.js';
import type { KafkaSettings } from './client-settings.js';

const { ERRORS } = kafka.CODES;

/** What was asked for, for naming what is missing. */
export interface Asked {
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
  readonly transactionalId?: string | undefined;
  /** As ACLs call it: `Read`, `Write`, `Create`, `Describe`, `Delete`. */
  readonly operation: string;
}

/** Of OpenSSL and Node: the certificates, or the ways of the two sides, do not go together. */
const TLS_CODE =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT|ERR_SSL_|ERR_OSSL_|EPROTO|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/;

const TLS_HINTS: readonly (readonly [RegExp, string])[] = [
  [/CERT_HAS_EXPIRED|CERTIFICATE_EXPIRED/, 'a certificate has expired'],
  [/CERT_NOT_YET_VALID/, 'a certificate is not valid yet; is the clock of this machine right?'],
  [/ALTNAME|HOSTNAME/, "the broker's certificate is for another host name"],
  [/WRONG_VERSION_NUMBER|EPROTO/, 'it does not speak TLS there; see security.protocol'],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA$/,
    'it wants a certificate of the client; see ssl.certificate.location',
  ],
  [/./, "the broker's certificate is not of a known authority; see ssl.ca.location"],
];

/** An authorisation that is missing, by the resource that it is for. */
export function accessDenied(brokers: string, settings: KafkaSettings, error: LibrdKafkaError, asked: Asked): LogError {
  const resource = resourceOf(error.code, asked);
  const right = error.code === ERRORS.ERR_CLUSTER_AUTHORIZATION_FAILED ? 'IdempotentWrite or Create' : asked.operation;
  const message =
    resource === undefined
      ? `Kafka at ${brokers} refuses ${userOf(settings)}: ${error.message}`
      : `Kafka at ${brokers} does not give ${userOf(settings)} the right ${right} on ${resource} (${error.message})`;
  return new LogError('LOG_REFUSED', message, { cause: error });
}

/** The same of a broker that was asked directly for a topic's records. */
export function topicDenied(brokers: string, settings: KafkaSettings, topic: string, reason: string): LogError {
  return new LogError(
    'LOG_REFUSED',
    `Kafka at ${brokers} does not give ${userOf(settings)} the right Read on the topic "${topic}" (${reason})`,
  );
}

function resourceOf(code: number, { group, topic, transactionalId }: Asked): string | undefined {
  switch (code) {
    case ERRORS.ERR_TOPIC_AUTHORIZATION_FAILED:
      return topic === undefined ? 'a topic' : `the topic "${topic}"`;
    case ERRORS.ERR_GROUP_AUTHORIZATION_FAILED:
      return group === undefined ? 'a group' : `the group "${group}"`;
    case ERRORS.ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return transactionalId === undefined ? 'a transactional id' : `the transactional id "${transactionalId}"`;
    case ERRORS.ERR_CLUSTER_AUTHORIZATION_FAILED:
      return 'the cluster';
    default:
      return undefined;
  }
}

export function userOf(settings: KafkaSettings): string {
  const user = settings['sasl.username'];
  return user === undefined ? 'this client' : `the user "${user}"`;
}

/**
 * What a connection failed with, if it is a refusal: the password, the mechanism or the certificates are wrong, and it
 * would fail the same way each time.
 */
export function connectionRefusal(address: string, settings: KafkaSettings, error: unknown): LogError | undefined {
  const chain = [...causes(error)];
  const authentication = chain.find(({ code }) => code === 'PLT_KFK_AUTHENTICATION');
  const answered = chain.find(({ apiId }) => apiId !== undefined);
  if (answered?.apiId === 'UNSUPPORTED_SASL_MECHANISM' || answered?.apiId === 'ILLEGAL_SASL_STATE') {
    const mechanism = settings['sasl.mechanism'] ?? settings['sasl.mechanisms'];
    return refused(`Kafka at ${address} does not take sasl.mechanism ${mechanism}`, error);
  }
  const isOutage = chain.some(({ message }) => /timed out|Connection closed/.test(message));
  if (authentication !== undefined && !isOutage) {
    const said = answered?.serverErrorMessage ?? authentication.message;
    return refused(`Kafka at ${address} does not let ${userOf(settings)} in: ${said}`, error);
  }
  const tls = chain.find(({ code }) => typeof code === 'string' && TLS_CODE.test(code));
  if (tls !== undefined) {
    const [, hint] = TLS_HINTS.find(([pattern]) => pattern.test(String(tls.code))) ?? [];
    return refused(`no secure connection to Kafka at ${address}: ${hint} (${tls.code})`, error);
  }
  return undefined;
}

/** Why there is no connection, in words for whoever has to find it out. */
export function connectionHint(error: Error): string {
  const chain = [...causes(error)];
  const has = (pattern: RegExp) => chain.some(({ code, message }) => pattern.test(`${code} ${message}`));
  if (has(/TLS handshake failed/)) return 'it ends connections before they are secure; does it speak TLS there?';
  if (has(/Connection closed|ECONNRESET/)) return 'it ends connections; does it want TLS? See security.protocol';
  return chain.at(-1)?.message || 'no connection';
}

interface Cause {
  readonly message: string;
  readonly code?: unknown;
  readonly apiId?: string;
  readonly serverErrorMessage?: string | null;
}

/** The error, what it was caused by, and what it gathers. */
function* causes(error: unknown): Generator<Cause> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const one of error.errors) yield* causes(one);
  yield* causes(error.cause);
}

function refused(message: string, cause: unknown): LogError {
  return new LogError('LOG_REFUSED', message, { cause });
}
