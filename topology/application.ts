import { StreamsBuilder, type Topology } from '@millrace/streams';
import { clientAbuse } from './abuse/client-abuse.js';
import { clientErrorBursts } from './abuse/client-error-bursts.js';
import type { ApplicationConfig } from './application-config.js';
import { Calendar } from './calendar.js';
import { type FeedbackSource, NO_FEEDBACK, Verdicts } from './feedback/verdicts.js';
import { addGoals } from './goals/goals.js';
import { incidents } from './incidents/incidents.js';
import { following, type LimitsSource, LiveLimits, limitsOf, withLimits } from './live-limits.js';
import { type Requests, requestsOf } from './requests.js';
import { sensors } from './sensors/sensors.js';
import type { TopicSerdes } from './serdes.js';
import { serviceLogs } from './services/service-logs.js';
import { type ModelSource, NO_MODEL } from './services/service-model.js';
import { hostBehaviour } from './web/host-behaviour.js';
import { requestsByHost } from './web/requests-by-host.js';
import { traffic } from './web/traffic.js';
import { webStatistics } from './web/web-statistics.js';

/** The pipelines that the configuration names, and the incidents that come of their alerts. */
export function applicationTopology(
  config: ApplicationConfig,
  serdes: TopicSerdes,
  models: ModelSource = NO_MODEL,
  feedback: FeedbackSource = NO_FEEDBACK,
  limits: LimitsSource = new LiveLimits(limitsOf(config)),
): Topology {
  const { pipelines, topics } = config;
  const builder = new StreamsBuilder();
  const calendar = following(limits, (now) => new Calendar(withLimits(config, now).calendar));
  const verdicts = new Verdicts(feedback, calendar);
  let requests: Requests | undefined;
  let byHost: ReturnType<typeof requestsByHost> | undefined;
  const runs = (...names: ApplicationConfig['pipelines']) => names.some((name) => pipelines.includes(name));
  if (runs('goals', 'web-statistics')) {
    requests = requestsOf(builder, topics.accessLog, serdes, { withDetails: runs('web-statistics') });
    if (runs('goals')) addGoals(requests, config, serdes, limits);
    if (runs('web-statistics')) {
      byHost = requestsByHost(requests);
      webStatistics(byHost, config, serdes, verdicts, limits);
    }
  }
  if (runs('sensors')) sensors(builder, config, serdes, verdicts, limits);
  if (runs('services')) serviceLogs(builder, config, serdes, models, verdicts, limits);
  if (runs('web-statistics', 'sensors', 'services')) incidents(builder, config, serdes);
  // The last ones: a task is called by the place of its part, and its state is found by that name.
  if (byHost !== undefined) {
    const windows = traffic(byHost, config, serdes);
    hostBehaviour(windows, config, serdes, verdicts, limits);
    if (config.goals.includes(2)) clientErrorBursts(windows, config, serdes, verdicts, limits);
  }
  if (requests !== undefined && runs('web-statistics') && config.goals.includes(1))
    clientAbuse(requests, config, serdes, verdicts, limits);
  return builder.build();
}
