import { type StreamsBuilder, toMilliseconds } from '@millrace/streams';
import type { ApplicationConfig } from '../application-config.js';
import type { Verdicts } from '../feedback/verdicts.js';
import type { LimitsSource } from '../live-limits.js';
import type { TopicSerdes } from '../serdes.js';
import { LineClock, tellClocks } from './line-clock.js';
import { serviceAddresses } from './service-addresses.js';
import { serviceEndpoints } from './service-endpoints.js';
import { serviceHealth } from './service-health.js';
import { serviceInstances } from './service-instances.js';
import { linesOf } from './service-lines.js';
import type { ModelSource } from './service-model.js';

/** How services do, their endpoints, their instances and their clients; and what is unusual about each. */
export function serviceLogs(
  builder: StreamsBuilder,
  config: ApplicationConfig,
  serdes: TopicSerdes<'serviceLogs' | 'serviceHealth' | 'mlPredictions' | 'alerts'>,
  models: ModelSource,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const clock = new LineClock(toMilliseconds(config.services.grace, 'the grace period'));
  const lines = linesOf(
    builder,
    config.topics.serviceLogs,
    (line, _recordTimestamp, partition) => clock.timeOf(line, partition),
    serdes,
  );
  tellClocks(lines, clock, config, serdes);
  serviceHealth(lines, config, serdes, models, verdicts, limits);
  serviceEndpoints(lines, config, serdes, verdicts, limits);
  serviceInstances(lines, config, serdes, verdicts, limits);
  serviceAddresses(lines, config, serdes, verdicts, limits);
}
