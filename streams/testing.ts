/** For tests: a topology without a log of its own. */
export { TopologyTestDriver } from './testing/topology-test-driver.js';
