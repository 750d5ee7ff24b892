package millrace.peers.flink;

import java.nio.charset.StandardCharsets;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes results to a topic, partitioned by their keys. */
final class GoalRecordSchema implements KafkaRecordSerializationSchema<GoalRecord> {
  private final String topic;

  GoalRecordSchema(String topic) {
    this.topic = topic;
  }

  @Override
  public ProducerRecord<byte[], byte[]> serialize(GoalRecord result, KafkaSinkContext context, Long timestamp) {
    return new ProducerRecord<>(topic, result.key.getBytes(StandardCharsets.UTF_8), result.value);
  }
}
