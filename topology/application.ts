import { StreamsBuilder, type Topology } from '@millrace/streams';
import type { ApplicationConfig } from './application-config.js';
import { addGoals } from './goals/goals.js';
import { incidents } from './incidents/incidents.js';
import { requestsOf } from './requests.js';
import { sensors } from './sensors/sensors.js';
import type { TopicSerdes } from './serdes.js';
import { serviceLogs } from './services/service-logs.js';
import { type ModelSource, NO_MODEL } from './services/service-model.js';
import { requestsByHost } from './web/requests-by-host.js';
import { traffic } from './web/traffic.js';
import { webStatistics } from './web/web-statistics.js';

/** The pipelines that the configuration names, and the incidents that come of their alerts. */
export function applicationTopology(
  config: ApplicationConfig,
  serdes: TopicSerdes,
  models: ModelSource = NO_MODEL,
): Topology {
  const { pipelines, topics } = config;
  const builder = new StreamsBuilder();
  let byHost: ReturnType<typeof requestsByHost> | undefined;
  const runs = (...names: ApplicationConfig['pipelines']) => names.some((name) => pipelines.includes(name));
  if (runs('goals', 'web-statistics')) {
    const requests = requestsOf(builder, topics.accessLog, serdes);
    if (runs('goals')) addGoals(requests, config, serdes);
    if (runs('web-statistics')) {
      byHost = requestsByHost(requests);
      webStatistics(byHost, config, serdes);
    }
  }
  if (runs('sensors')) sensors(builder, config, serdes);
  if (runs('services')) serviceLogs(builder, config, serdes, models);
  if (runs('web-statistics', 'sensors', 'services')) incidents(builder, config, serdes);
  // The last one: a task is called by the place of its part, and its state is found by that name.
  if (byHost !== undefined) traffic(byHost, config, serdes);
  return builder.build();
}
