import type { Resource } from '../route.js';
import { alertRoutes } from './alert-routes.js';
import { auth, users } from './auth.js';
import { channels } from './channels.js';
import { connectors } from './connectors.js';
import { deadLetters } from './dead-letters.js';
import { deliveries } from './deliveries.js';
import { hosts, sensors, services } from './entities.js';
import { events } from './events.js';
import { feedback } from './feedback.js';
import { goals } from './goals.js';
import { anomalies, incidents } from './incidents.js';
import { inhibitions } from './inhibitions.js';
import { logs } from './logs.js';
import { metrics } from './metrics.js';
import { pipeline } from './pipeline.js';
import { queries } from './queries.js';
import { query } from './query.js';
import { schemas } from './schemas.js';
import { settings } from './settings.js';
import { silences } from './silences.js';
import { stores } from './stores.js';
import { topics } from './topics.js';
import { webhooks } from './webhooks.js';

/** All that the API can be asked. What is in it is served, and is in the OpenAPI document. */
export const RESOURCES: readonly Resource[] = [
  metrics,
  services,
  hosts,
  sensors,
  goals,
  anomalies,
  incidents,
  feedback,
  logs,
  events,
  pipeline,
  stores,
  topics,
  schemas,
  connectors,
  deadLetters,
  query,
  queries,
  channels,
  alertRoutes,
  silences,
  inhibitions,
  deliveries,
  webhooks,
  auth,
  users,
  settings,
];
