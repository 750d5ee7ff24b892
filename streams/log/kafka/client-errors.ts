import kafka, { type LibrdKafkaError } from '@confluentinc/kafka-javascript';

const { ERRORS } = kafka.CODES;

/**
 * What is to be done about an error, by the classes of KIP-1050:
 *
 * - `retriable`: it passes by itself; the same is asked again.
 * - `abortable`: the transaction cannot be committed; it is aborted, and its work is done again from what is committed.
 * - `recoverable`: the producer or the member has been shut out, or lost its place; another one does the work again.
 * - `refused`: who asks may not do that. It does not pass, and somebody has to see to it.
 * - `fatal`: it fails again however often it is tried.
 */
export type ErrorClass = 'retriable' | 'abortable' | 'recoverable' | 'refused' | 'fatal';

/** Brokers that are away, restart, or hand their work to another; and answers that come a little later. */
const RETRIABLE: readonly number[] = [
  ERRORS.ERR__TRANSPORT,
  ERRORS.ERR__ALL_BROKERS_DOWN,
  ERRORS.ERR__RESOLVE,
  ERRORS.ERR__TIMED_OUT,
  ERRORS.ERR__TIMED_OUT_QUEUE,
  ERRORS.ERR__WAIT_COORD,
  ERRORS.ERR__WAIT_CACHE,
  ERRORS.ERR__IN_PROGRESS,
  ERRORS.ERR__PREV_IN_PROGRESS,
  ERRORS.ERR__RETRY,
  ERRORS.ERR__INTR,
  ERRORS.ERR__ISR_INSUFF,
  ERRORS.ERR__NODE_UPDATE,
  ERRORS.ERR__UNKNOWN_BROKER,
  ERRORS.ERR__DESTROY_BROKER,
  // No leader is known for a partition.
  ERRORS.ERR__NOENT,
  ERRORS.ERR__UNKNOWN_TOPIC,
  ERRORS.ERR__UNKNOWN_PARTITION,
  ERRORS.ERR_INVALID_MSG,
  ERRORS.ERR_UNKNOWN_TOPIC_OR_PART,
  ERRORS.ERR_LEADER_NOT_AVAILABLE,
  ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
  ERRORS.ERR_REQUEST_TIMED_OUT,
  ERRORS.ERR_BROKER_NOT_AVAILABLE,
  ERRORS.ERR_REPLICA_NOT_AVAILABLE,
  ERRORS.ERR_NETWORK_EXCEPTION,
  ERRORS.ERR_COORDINATOR_LOAD_IN_PROGRESS,
  ERRORS.ERR_COORDINATOR_NOT_AVAILABLE,
  ERRORS.ERR_NOT_COORDINATOR,
  ERRORS.ERR_NOT_ENOUGH_REPLICAS,
  ERRORS.ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ERRORS.ERR_NOT_CONTROLLER,
  ERRORS.ERR_CONCURRENT_TRANSACTIONS,
  ERRORS.ERR_KAFKA_STORAGE_ERROR,
  ERRORS.ERR_FETCH_SESSION_ID_NOT_FOUND,
  ERRORS.ERR_INVALID_FETCH_SESSION_EPOCH,
  ERRORS.ERR_LISTENER_NOT_FOUND,
  ERRORS.ERR_FENCED_LEADER_EPOCH,
  ERRORS.ERR_UNKNOWN_LEADER_EPOCH,
  ERRORS.ERR_STALE_BROKER_EPOCH,
  ERRORS.ERR_OFFSET_NOT_AVAILABLE,
  ERRORS.ERR_PREFERRED_LEADER_NOT_AVAILABLE,
  ERRORS.ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,
  ERRORS.ERR_UNSTABLE_OFFSET_COMMIT,
  ERRORS.ERR_THROTTLING_QUOTA_EXCEEDED,
  ERRORS.ERR_UNKNOWN_TOPIC_ID,
  ERRORS.ERR_REBOOTSTRAP_REQUIRED,
];

/** Kafka 4's TRANSACTION_ABORTABLE, which the client has no name for. */
const ERR_TRANSACTION_ABORTABLE = 120;

/** Records took longer than a transaction may, or were dropped with it. */
const ABORTABLE: readonly number[] = [
  ERRORS.ERR__MSG_TIMED_OUT,
  ERRORS.ERR__PURGE_QUEUE,
  ERRORS.ERR__PURGE_INFLIGHT,
  ERRORS.ERR__GAPLESS_GUARANTEE,
  ERRORS.ERR__OUTDATED,
  ERRORS.ERR_UNKNOWN,
  ERRORS.ERR_OPERATION_NOT_ATTEMPTED,
  ERR_TRANSACTION_ABORTABLE,
];

/** Another member has the partitions, another producer the name, or the broker has ended what this one had open. */
const RECOVERABLE: readonly number[] = [
  ERRORS.ERR__FENCED,
  ERRORS.ERR__FATAL,
  ERRORS.ERR__STATE,
  ERRORS.ERR__CONFLICT,
  ERRORS.ERR__ASSIGNMENT_LOST,
  ERRORS.ERR__MAX_POLL_EXCEEDED,
  ERRORS.ERR_ILLEGAL_GENERATION,
  ERRORS.ERR_UNKNOWN_MEMBER_ID,
  ERRORS.ERR_REBALANCE_IN_PROGRESS,
  ERRORS.ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
  ERRORS.ERR_DUPLICATE_SEQUENCE_NUMBER,
  ERRORS.ERR_INVALID_PRODUCER_EPOCH,
  ERRORS.ERR_INVALID_TXN_STATE,
  ERRORS.ERR_INVALID_PRODUCER_ID_MAPPING,
  ERRORS.ERR_TRANSACTION_COORDINATOR_FENCED,
  ERRORS.ERR_UNKNOWN_PRODUCER_ID,
  ERRORS.ERR_PRODUCER_FENCED,
  ERRORS.ERR_MEMBER_ID_REQUIRED,
  ERRORS.ERR_FENCED_INSTANCE_ID,
  ERRORS.ERR_FENCED_MEMBER_EPOCH,
  ERRORS.ERR_STALE_MEMBER_EPOCH,
];

const REFUSED: readonly number[] = [
  ERRORS.ERR__AUTHENTICATION,
  ERRORS.ERR__SSL,
  ERRORS.ERR_TOPIC_AUTHORIZATION_FAILED,
  ERRORS.ERR_GROUP_AUTHORIZATION_FAILED,
  ERRORS.ERR_CLUSTER_AUTHORIZATION_FAILED,
  ERRORS.ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ERRORS.ERR_UNSUPPORTED_SASL_MECHANISM,
  ERRORS.ERR_ILLEGAL_SASL_STATE,
  ERRORS.ERR_SASL_AUTHENTICATION_FAILED,
  ERRORS.ERR_SECURITY_DISABLED,
  ERRORS.ERR_DELEGATION_TOKEN_AUTH_DISABLED,
  ERRORS.ERR_DELEGATION_TOKEN_NOT_FOUND,
  ERRORS.ERR_DELEGATION_TOKEN_OWNER_MISMATCH,
  ERRORS.ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
  ERRORS.ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED,
  ERRORS.ERR_DELEGATION_TOKEN_EXPIRED,
];

const NAMED: ReadonlySet<number> = new Set(Object.values(ERRORS));

/** All others that the client has a name for are fatal. */
const CLASSES: ReadonlyMap<number, ErrorClass> = new Map([
  ...RETRIABLE.map((code) => [code, 'retriable'] as const),
  ...ABORTABLE.map((code) => [code, 'abortable'] as const),
  ...RECOVERABLE.map((code) => [code, 'recoverable'] as const),
  ...REFUSED.map((code) => [code, 'refused'] as const),
]);

/**
 * A topic that was just made is not known to all brokers, or one of them lags behind: it passes. A topic that was deleted
 * is answered with the same: it does not.
 */
const UNKNOWN_TOPIC: ReadonlySet<number> = new Set([
  ERRORS.ERR_UNKNOWN_TOPIC_OR_PART,
  ERRORS.ERR_UNKNOWN_TOPIC_ID,
  ERRORS.ERR__UNKNOWN_TOPIC,
  ERRORS.ERR__UNKNOWN_PARTITION,
]);

/** A broker, or the way to it, is to blame: whether any answers is to be looked into. */
const UNSETTLED: ReadonlySet<number> = new Set([
  ERRORS.ERR_CONCURRENT_TRANSACTIONS,
  ERRORS.ERR_UNSTABLE_OFFSET_COMMIT,
  ERRORS.ERR_THROTTLING_QUOTA_EXCEEDED,
  ...UNKNOWN_TOPIC,
]);

export function isKafkaError(error: unknown): error is LibrdKafkaError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

/**
 * By the code, and by what the client says of it: the same code ends a transaction in one place and passes in another,
 * and one that passes by itself does not when the client has given the producer up for it.
 */
export function errorClass({
  code,
  isFatal,
  isRetriable,
  isTxnRequiresAbort,
}: Pick<LibrdKafkaError, 'code' | 'isFatal' | 'isRetriable' | 'isTxnRequiresAbort'>): ErrorClass {
  const known = CLASSES.get(code);
  if (known === 'refused') return 'refused';
  if (isFatal === true) return known === undefined ? 'fatal' : 'recoverable';
  if (isTxnRequiresAbort === true) {
    if (known === undefined) return NAMED.has(code) ? 'fatal' : 'abortable';
    return known === 'retriable' ? 'abortable' : known;
  }
  if (isRetriable === true) return 'retriable';
  return known ?? 'fatal';
}

/** Whether it passes by itself. */
export function isTransient(error: unknown): boolean {
  return isKafkaError(error) && errorClass(error) === 'retriable';
}

/** Whether the brokers do not know the topic: some not yet, or all not any more. */
export function isUnknownTopic(error: unknown): boolean {
  return isKafkaError(error) && UNKNOWN_TOPIC.has(error.code);
}

/** Whether it may be that no broker answers. */
export function isOutage(error: unknown): boolean {
  return isTransient(error) && isKafkaError(error) && !UNSETTLED.has(error.code);
}
