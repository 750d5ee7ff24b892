import type { Service, ServiceName } from '../service.js';
import { connect } from './connect.js';
import { elasticsearch } from './elasticsearch.js';
import { influxdb } from './influxdb.js';
import { kafka } from './kafka.js';
import { registry } from './registry.js';

export const SERVICES: Readonly<Record<ServiceName, Service>> = { kafka, registry, connect, elasticsearch, influxdb };
