/** For tests: a topology without a log of its own, and what a log must do. */
export { type LogCase, logContract } from './testing/log-contract.js';
export {
  type InputRecord,
  type InputTopicOptions,
  TestInputTopic,
  TestOutputTopic,
  type TestRecord,
  type TopicSerdes,
} from './testing/test-topics.js';
export { TopologyTestDriver, type TopologyTestDriverOptions } from './testing/topology-test-driver.js';
