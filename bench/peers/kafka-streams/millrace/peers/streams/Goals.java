package millrace.peers.streams;

import static org.apache.kafka.streams.kstream.Grouped.with;

import java.nio.ByteBuffer;
import java.time.Duration;
import millrace.peers.GoalEncoder;
import millrace.peers.Request;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.WindowStore;

/** The four goals. */
final class Goals {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Serde<String> STRING = Serdes.String();
  /** What goes through a repartition topic where records are only counted: nothing. */
  private static final byte[] ONE = {};

  private final Duration grace;
  private final KStream<String, Request> requests;

  /** @param topic requests by client address */
  Goals(StreamsBuilder builder, String topic, Serde<Request> serde, Duration grace) {
    this.grace = grace;
    this.requests = builder.stream(topic, Consumed.with(STRING, serde)
        .withTimestampExtractor((record, previous) -> ((Request) record.value()).timestamp));
  }

  /** Clients with more than 10 requests in windows of 20 s that hop by 1 s. The topic is by client already. */
  void abusiveClients(String topic, GoalEncoder encoder) {
    sendCounts(topic, encoder, 10, requests
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(20), grace).advanceBy(SECOND))
        .count(Materialized.as("goal1")));
  }

  /** Hosts with more than 15 responses of status 400 to 499 in windows of 30 s that hop by 1 s. */
  void hostsWithClientErrors(String topic, GoalEncoder encoder) {
    sendCounts(topic, encoder, 15, requests
        .filter((client, request) -> request.isClientError())
        .map((client, request) -> KeyValue.pair(request.host, ONE))
        .groupByKey(with(STRING, Serdes.ByteArray()))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(30), grace).advanceBy(SECOND))
        .count(Materialized.as("goal2")));
  }

  /** Responses of status 200 to 299 by country and minute. */
  void successesByCountry(String topic, GoalEncoder encoder) {
    sendCounts(topic, encoder, 0, requests
        .filter((client, request) -> request.isSuccess())
        .map((client, request) -> KeyValue.pair(request.country, ONE))
        .groupByKey(with(STRING, Serdes.ByteArray()))
        .windowedBy(TimeWindows.ofSizeAndGrace(MINUTE, grace))
        .count(Materialized.as("goal3")));
  }

  /** Mean request time by host and minute, of the requests whose time is known. */
  void meanRequestTimeByHost(String topic, GoalEncoder encoder) {
    requests
        .filter((client, request) -> request.hasRequestTime())
        .map((client, request) -> KeyValue.pair(request.host, request.requestTime))
        .groupByKey(with(STRING, Serdes.Double()))
        .windowedBy(TimeWindows.ofSizeAndGrace(MINUTE, grace))
        .aggregate(
            () -> new Mean(0, 0),
            (host, seconds, mean) -> new Mean(mean.sum + seconds, mean.count + 1),
            Materialized.<String, Mean, WindowStore<Bytes, byte[]>>as("goal4").withKeySerde(STRING).withValueSerde(Mean.SERDE))
        .toStream()
        .map((host, mean) -> KeyValue.pair(id(host),
            encoder.encode(host.key(), host.window().start(), host.window().end(), mean.count, mean.sum / mean.count)))
        .to(topic, Produced.with(STRING, Serdes.ByteArray()));
  }

  private static void sendCounts(String topic, GoalEncoder encoder, long threshold, KTable<Windowed<String>, Long> counts) {
    counts
        .toStream()
        .filter((key, count) -> count > threshold)
        .map((key, count) -> KeyValue.pair(id(key),
            encoder.encode(key.key(), key.window().start(), key.window().end(), count)))
        .to(topic, Produced.with(STRING, Serdes.ByteArray()));
  }

  private static String id(Windowed<String> key) {
    return key.key() + "@" + key.window().start();
  }

  private record Mean(double sum, long count) {
    static final Serde<Mean> SERDE = Serdes.serdeFrom(
        (topic, mean) -> ByteBuffer.allocate(16).putDouble(mean.sum).putLong(mean.count).array(),
        (topic, bytes) -> {
          if (bytes == null) return null;
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          return new Mean(buffer.getDouble(), buffer.getLong());
        });
  }
}
