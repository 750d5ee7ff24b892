import kafka from '@confluentinc/kafka-javascript';
import { protocolErrors } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import {
  type ErrorClass,
  errorClass,
  isOutage,
  isTransient,
  isUnknownTopic,
} from '../../../streams/log/kafka/client-errors.js';

const { ERRORS } = kafka.CODES;

function error(code: number, flags: { isFatal?: boolean; isRetriable?: boolean; isTxnRequiresAbort?: boolean } = {}) {
  return Object.assign(new Error('…'), { code, errno: code, origin: 'kafka', ...flags });
}

/** By KIP-1050 and Kafka's Errors.java: what the exception of each code is an instance of. */
const EXPECTED: Readonly<Record<Exclude<ErrorClass, 'fatal'>, readonly string[]>> = {
  retriable: [
    'INVALID_MSG',
    'UNKNOWN_TOPIC_OR_PART',
    'LEADER_NOT_AVAILABLE',
    'NOT_LEADER_FOR_PARTITION',
    'REQUEST_TIMED_OUT',
    'REPLICA_NOT_AVAILABLE',
    'NETWORK_EXCEPTION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'NOT_CONTROLLER',
    'CONCURRENT_TRANSACTIONS',
    'KAFKA_STORAGE_ERROR',
    'FETCH_SESSION_ID_NOT_FOUND',
    'INVALID_FETCH_SESSION_EPOCH',
    'LISTENER_NOT_FOUND',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'OFFSET_NOT_AVAILABLE',
    'PREFERRED_LEADER_NOT_AVAILABLE',
    'ELIGIBLE_LEADERS_NOT_AVAILABLE',
    'UNSTABLE_OFFSET_COMMIT',
    'THROTTLING_QUOTA_EXCEEDED',
    'UNKNOWN_TOPIC_ID',
  ],
  abortable: [],
  recoverable: [
    'ILLEGAL_GENERATION',
    'UNKNOWN_MEMBER_ID',
    'REBALANCE_IN_PROGRESS',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_TXN_STATE',
    'INVALID_PRODUCER_ID_MAPPING',
    'TRANSACTION_COORDINATOR_FENCED',
    'UNKNOWN_PRODUCER_ID',
    'FENCED_INSTANCE_ID',
    'PRODUCER_FENCED',
    'FENCED_MEMBER_EPOCH',
    'STALE_MEMBER_EPOCH',
  ],
  refused: [
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'UNSUPPORTED_SASL_MECHANISM',
    'ILLEGAL_SASL_STATE',
    'SASL_AUTHENTICATION_FAILED',
    'SECURITY_DISABLED',
  ],
};

const FATAL = [
  'INVALID_MSG_SIZE',
  'MSG_SIZE_TOO_LARGE',
  'OFFSET_METADATA_TOO_LARGE',
  'TOPIC_EXCEPTION',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_REQUIRED_ACKS',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_VERSION',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'INVALID_REQUEST',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
  'INVALID_TRANSACTION_TIMEOUT',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'GROUP_MAX_SIZE_REACHED',
  'INVALID_RECORD',
  'UNSUPPORTED_ASSIGNOR',
];

const EACH = [
  ...Object.entries(EXPECTED).flatMap(([of, names]) => names.map((name) => [name, of] as const)),
  ...FATAL.map((name) => [name, 'fatal'] as const),
];

function codeOf(name: string): number {
  const code = (ERRORS as Readonly<Record<string, number>>)[`ERR_${name}`];
  if (code === undefined) throw new Error(`the client has no ${name}`);
  return code;
}

describe('what is done about an error of Kafka', () => {
  it.each(EACH)('%s is %s', (name, of) => {
    expect(errorClass(error(codeOf(name)))).toBe(of);
  });

  it('is to try again for whatever the protocol says can be tried again', () => {
    const codes = new Set<number>(Object.values(ERRORS));
    const others = Object.values(protocolErrors)
      .filter(({ canRetry, code }) => canRetry && codes.has(code) && errorClass(error(code)) !== 'retriable')
      .map(({ id }) => id);
    // Of an election that somebody asked for, and of nothing that is asked here.
    expect(others).toEqual(['ELECTION_NOT_NEEDED']);
  });

  it.each([
    ['ERR__TRANSPORT', 'retriable'],
    ['ERR__ALL_BROKERS_DOWN', 'retriable'],
    ['ERR__TIMED_OUT', 'retriable'],
    ['ERR__WAIT_COORD', 'retriable'],
    ['ERR__NOENT', 'retriable'],
    ['ERR__MSG_TIMED_OUT', 'abortable'],
    ['ERR__FENCED', 'recoverable'],
    ['ERR__FATAL', 'recoverable'],
    ['ERR__STATE', 'recoverable'],
    ['ERR__AUTHENTICATION', 'refused'],
    ['ERR__SSL', 'refused'],
    ['ERR__INVALID_ARG', 'fatal'],
  ] as const)("the client's own %s is %s", (name, of) => {
    expect(errorClass(error(ERRORS[name]))).toBe(of);
  });

  it('is to abort the transaction when the client says so, though the code alone would pass', () => {
    const moved = error(ERRORS.ERR_NOT_COORDINATOR, { isTxnRequiresAbort: true });
    expect(errorClass(moved)).toBe('abortable');
    expect(isTransient(moved)).toBe(false);
  });

  it('is to abort the transaction for codes that the client has no name for, such as TRANSACTION_ABORTABLE of Kafka 4', () => {
    expect(errorClass(error(120))).toBe('abortable');
    expect(errorClass(error(12_345, { isTxnRequiresAbort: true }))).toBe('abortable');
    expect(errorClass(error(12_345))).toBe('fatal');
  });

  it('is to end when a record is refused, or a right is missing, though the client would abort and go on', () => {
    expect(errorClass(error(ERRORS.ERR_MSG_SIZE_TOO_LARGE, { isTxnRequiresAbort: true }))).toBe('fatal');
    expect(errorClass(error(ERRORS.ERR_GROUP_AUTHORIZATION_FAILED, { isTxnRequiresAbort: true }))).toBe('refused');
    expect(errorClass(error(ERRORS.ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, { isFatal: true }))).toBe('refused');
  });

  it('is to go on with another producer when the client has given this one up', () => {
    expect(errorClass(error(ERRORS.ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, { isFatal: true }))).toBe('recoverable');
    expect(errorClass(error(ERRORS.ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, { isFatal: true }))).toBe('fatal');
  });

  it('looks for an outage behind a time-out, and not behind a topic that is new', () => {
    expect(isOutage(error(ERRORS.ERR__TIMED_OUT))).toBe(true);
    expect(isOutage(error(ERRORS.ERR_UNKNOWN_TOPIC_OR_PART))).toBe(false);
    expect(isUnknownTopic(error(ERRORS.ERR_UNKNOWN_TOPIC_OR_PART))).toBe(true);
  });
});
