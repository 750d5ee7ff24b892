import { StreamsBuilder, stringSerde, TimeWindows, type Topology } from '@millrace/streams';
import { UNKNOWN_CLIENT } from '../../schemas/canonical/address.js';
import { type Limits, LimitsOfWindows, type LimitsSource } from '../live-limits.js';
import { type Requests, requestsOf } from '../requests.js';
import type { GoalSerdes } from '../serdes.js';
import type { GoalConfig } from './goal-config.js';
import { meanOf, meanSerde } from './mean.js';
import { serverErrors } from './server-errors.js';

/** The four goals over the raw topic. */
export function goalsTopology(config: GoalConfig, serdes: GoalSerdes): Topology {
  const builder = new StreamsBuilder();
  addGoals(requestsOf(builder, config.topics.accessLog, serdes), config, serdes);
  return builder.build();
}

/** What of the goals may change while they run. */
type GoalLimits = Pick<Limits, 'goal1' | 'goal2' | 'serverErrors'>;

/** Those of the four goals that the configuration names, and bursts of server errors beside them. */
export function addGoals(
  requests: Requests,
  config: GoalConfig,
  serdes: GoalSerdes,
  source: LimitsSource<GoalLimits> = { current: () => config },
): void {
  const limits = new LimitsOfWindows(source);
  if (config.goals.includes(1)) abusiveClients(requests, config, serdes, limits);
  if (config.goals.includes(2)) hostsWithClientErrors(requests, config, serdes, limits);
  if (config.goals.includes(3)) successesByCountry(requests, config, serdes);
  if (config.goals.includes(4)) meanRequestTimeByHost(requests, config, serdes);
  if (config.serverErrors !== undefined) serverErrors(requests, config.serverErrors, config, serdes, limits);
}

/** Goal 1: clients with more than 10 requests in windows of 20 s that hop by 1 s. */
function abusiveClients(
  requests: Requests,
  { goal1, grace, topics }: GoalConfig,
  serdes: GoalSerdes,
  limits: LimitsOfWindows<GoalLimits>,
): void {
  requests
    .filter((_key, { client_ip }) => client_ip !== UNKNOWN_CLIENT, { name: 'known-clients' })
    .selectKey((_key, request) => request.client_ip, { name: 'by-client' })
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(goal1.size, grace).advanceBy(goal1.advance))
    .count({ name: 'goal1' })
    .toStream({ name: 'goal1-changes' })
    .filter(({ window: { start } }, count) => count > limits.of(start).goal1.threshold, { name: 'abusive-clients' })
    .map(
      ({ key: client_ip, window: { start, end } }, count) => [
        `${client_ip}@${start}`,
        { client_ip, window_start: start, window_end: end, count },
      ],
      { name: 'goal1-results' },
    )
    .to(topics.goal1, { name: 'send-goal1', key: stringSerde, value: serdes.goal1 });
}

/** Goal 2: hosts with more than 15 responses of status 400 to 499 in windows of 30 s that hop by 1 s. */
function hostsWithClientErrors(
  requests: Requests,
  { goal2, grace, topics }: GoalConfig,
  serdes: GoalSerdes,
  limits: LimitsOfWindows<GoalLimits>,
): void {
  requests
    .filter((_key, { status }) => status >= 400 && status <= 499, { name: 'client-errors' })
    .selectKey((_key, request) => request.host, { name: 'client-errors-by-host' })
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(goal2.size, grace).advanceBy(goal2.advance))
    .count({ name: 'goal2' })
    .toStream({ name: 'goal2-changes' })
    .filter(({ window: { start } }, count) => count > limits.of(start).goal2.threshold, {
      name: 'hosts-with-client-errors',
    })
    .map(
      ({ key: host, window: { start, end } }, count) => [
        `${host}@${start}`,
        { host, window_start: start, window_end: end, count },
      ],
      { name: 'goal2-results' },
    )
    .to(topics.goal2, { name: 'send-goal2', key: stringSerde, value: serdes.goal2 });
}

/** Goal 3: responses of status 200 to 299 by country, a minute at a time. */
function successesByCountry(requests: Requests, { goal3, grace, topics }: GoalConfig, serdes: GoalSerdes): void {
  requests
    .filter((_key, { status }) => status >= 200 && status <= 299, { name: 'successes' })
    .selectKey((_key, request) => request.country, { name: 'successes-by-country' })
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(goal3.size, grace).advanceBy(goal3.advance))
    .emitStrategy('onWindowClose')
    .count({ name: 'goal3' })
    .toStream({ name: 'goal3-changes' })
    .map(
      ({ key: country, window: { start, end } }, count) => [
        `${country}@${start}`,
        { country, window_start: start, window_end: end, count },
      ],
      { name: 'goal3-results' },
    )
    .to(topics.goal3, { name: 'send-goal3', key: stringSerde, value: serdes.goal3 });
}

/** Goal 4: mean request time by host, a minute at a time, of the requests whose time is known. */
function meanRequestTimeByHost(requests: Requests, { goal4, grace, topics }: GoalConfig, serdes: GoalSerdes): void {
  requests
    .filter((_key, { request_time }) => request_time !== null, { name: 'timed-requests' })
    .selectKey((_key, request) => request.host, { name: 'timed-requests-by-host' })
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(goal4.size, grace).advanceBy(goal4.advance))
    .emitStrategy('onWindowClose')
    .aggregate(
      meanOf((request) => request.request_time ?? 0),
      { name: 'goal4', value: meanSerde },
    )
    .toStream({ name: 'goal4-changes' })
    .map(
      ({ key: host, window: { start, end } }, { sum, count }) => [
        `${host}@${start}`,
        { host, window_start: start, window_end: end, avg_request_time: sum / count, count },
      ],
      { name: 'goal4-results' },
    )
    .to(topics.goal4, { name: 'send-goal4', key: stringSerde, value: serdes.goal4 });
}
