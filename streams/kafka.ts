/** The log that Kafka's brokers keep. */
export { call } from './log/kafka/kafka-call.js';
export { KafkaLog, type KafkaLogOptions } from './log/kafka/kafka-log.js';
