import { type KeepingAggregator, type Serde, stringSerde, TimeWindows } from '@millrace/streams';
import type { HostServerErrors } from '../../schemas/records.js';
import type { Limits, LimitsOfWindows } from '../live-limits.js';
import type { Request, Requests } from '../requests.js';
import type { TopicSerdes } from '../serdes.js';
import type { GoalConfig } from './goal-config.js';

/**
 * Hosts with more than 10 responses of status 500 to 599, which are 5 % or more of their requests, in windows of 10 s that
 * hop by 1 s. A window whose share sinks under the limit again, by requests that come later, is deleted by a null.
 */
export function serverErrors(
  requests: Requests,
  given: NonNullable<GoalConfig['serverErrors']>,
  { grace, topics }: GoalConfig,
  serdes: TopicSerdes<'serverErrors'>,
  limits: LimitsOfWindows<Pick<Limits, 'serverErrors'>>,
): void {
  const { advance, size } = given;
  const isBurst = (start: number, { count, requests }: Responses): boolean => {
    const { share, threshold } = limits.of(start).serverErrors ?? given;
    return count > threshold && count >= share * requests;
  };
  requests
    .selectKey((_key, request) => request.host, { name: 'responses-by-host' })
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(size, grace).advanceBy(advance))
    .aggregate(OF_RESPONSES, { name: 'server-errors', value: responsesSerde })
    .filter(({ window: { start } }, responses) => isBurst(start, responses), { name: 'bursts-of-server-errors' })
    .toStream({ name: 'server-errors-changes' })
    .map(
      ({ key: host, window: { start, end } }, responses): [string, HostServerErrors | null] => [
        `${host}@${start}`,
        responses && { host, window_start: start, window_end: end, ...responses },
      ],
      { name: 'server-errors-results' },
    )
    .to(topics.serverErrors, { name: 'send-server-errors', key: stringSerde, value: serdes.serverErrors });
}

/** The responses of a host in a window. */
type Responses = Pick<HostServerErrors, 'count' | 'requests' | 'first_error' | 'last_error'>;

const NONE: Responses = { count: 0, requests: 0, first_error: Number.POSITIVE_INFINITY, last_error: 0 };

const OF_RESPONSES: KeepingAggregator<string, Request, Responses> = {
  initializer: () => NONE,
  add: (_host, { status, timestamp }, { count, first_error, last_error, requests }) =>
    status !== null && status >= 500 && status <= 599
      ? {
          count: count + 1,
          requests: requests + 1,
          first_error: Math.min(first_error, timestamp),
          last_error: Math.max(last_error, timestamp),
        }
      : { count, requests: requests + 1, first_error, last_error },
  merge: (left, right) => ({
    count: left.count + right.count,
    requests: left.requests + right.requests,
    first_error: Math.min(left.first_error, right.first_error),
    last_error: Math.max(left.last_error, right.last_error),
  }),
};

/** What is serialized is taken before the next is. */
const bytes = Buffer.alloc(32);

const responsesSerde: Serde<Responses> = {
  serialize(_topic, { count, first_error, last_error, requests }) {
    let at = 0;
    for (const number of [count, requests, first_error, last_error]) at = bytes.writeDoubleBE(number, at);
    return bytes;
  },
  deserialize: (_topic, serialized, start) => ({
    count: serialized.readDoubleBE(start),
    requests: serialized.readDoubleBE(start + 8),
    first_error: serialized.readDoubleBE(start + 16),
    last_error: serialized.readDoubleBE(start + 24),
  }),
};
