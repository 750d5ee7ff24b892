package millrace.peers.flink;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import millrace.peers.Arguments;
import millrace.peers.Request;
import org.apache.avro.Schema;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;

/** Runs the goals over what the raw topic holds, in a cluster within this process. */
public final class Main {
  private static final int PARALLELISM = 2;
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);
  /** Longer than any pause between checkpoints, and not longer than brokers allow by default. */
  private static final String TRANSACTION_TIMEOUT_MS = "600000";

  private final Arguments arguments;
  private final DataStream<Request> requests;

  private Main(Arguments arguments, StreamExecutionEnvironment environment) throws IOException {
    this.arguments = arguments;
    KafkaSource<Request> source = KafkaSource.<Request>builder()
        .setBootstrapServers(arguments.get("brokers"))
        .setTopics(arguments.get("input"))
        .setGroupId(arguments.get("application"))
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setBounded(OffsetsInitializer.latest())
        .setProperty("isolation.level", "read_committed")
        .setValueOnlyDeserializer(new RequestSchema(arguments.schema("schema"), arguments.schema("readerSchema")))
        .build();
    WatermarkStrategy<Request> watermarks = WatermarkStrategy
        .<Request>forBoundedOutOfOrderness(arguments.duration("grace"))
        .withTimestampAssigner((request, previous) -> request.timestamp);
    this.requests = environment.fromSource(source, watermarks, "requests");
  }

  public static void main(String[] args) throws Exception {
    Arguments arguments = new Arguments(args);
    Configuration config = Configuration.fromMap(map(arguments.properties("config")));
    config.set(StateBackendOptions.STATE_BACKEND, arguments.get("state"));
    config.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + arguments.get("directory"));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, config);

    Main goals = new Main(arguments, environment);
    Set<Integer> wanted = arguments.goals();
    if (wanted.contains(1)) goals.abusiveClients();
    if (wanted.contains(2)) goals.hostsWithClientErrors();
    if (wanted.contains(3)) goals.successesByCountry();
    if (wanted.contains(4)) goals.meanRequestTimeByHost();
    environment.execute("goals");
  }

  /** Clients with more than 10 requests in windows of 20 s that hop by 1 s. */
  private void abusiveClients() throws IOException {
    send(1, requests
        .keyBy(request -> request.clientIp)
        .window(SlidingEventTimeWindows.of(Duration.ofSeconds(20), SECOND))
        .aggregate(new Count(), new GoalResults.OfCounts(schema(1), schemaId(1), 10)));
  }

  /** Hosts with more than 15 responses of status 400 to 499 in windows of 30 s that hop by 1 s. */
  private void hostsWithClientErrors() throws IOException {
    send(2, requests
        .filter(Request::isClientError)
        .keyBy(request -> request.host)
        .window(SlidingEventTimeWindows.of(Duration.ofSeconds(30), SECOND))
        .aggregate(new Count(), new GoalResults.OfCounts(schema(2), schemaId(2), 15)));
  }

  /** Responses of status 200 to 299 by country and minute. */
  private void successesByCountry() throws IOException {
    send(3, requests
        .filter(Request::isSuccess)
        .keyBy(request -> request.country)
        .window(TumblingEventTimeWindows.of(MINUTE))
        .aggregate(new Count(), new GoalResults.OfCounts(schema(3), schemaId(3), 0)));
  }

  /** Mean request time by host and minute, of the requests whose time is known. */
  private void meanRequestTimeByHost() throws IOException {
    send(4, requests
        .filter(Request::hasRequestTime)
        .keyBy(request -> request.host)
        .window(TumblingEventTimeWindows.of(MINUTE))
        .aggregate(new Mean.OfRequestTime(), new GoalResults.OfMeans(schema(4), schemaId(4))));
  }

  private void send(int goal, DataStream<GoalRecord> results) {
    results.sinkTo(KafkaSink.<GoalRecord>builder()
        .setBootstrapServers(arguments.get("brokers"))
        .setRecordSerializer(new GoalRecordSchema(arguments.get("output" + goal)))
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(arguments.get("application") + "-goal" + goal)
        .setProperty("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
        .build());
  }

  private Schema schema(int goal) throws IOException {
    return arguments.schema("schema" + goal);
  }

  private int schemaId(int goal) {
    return Integer.parseInt(arguments.get("schemaId" + goal));
  }

  private static Map<String, String> map(Properties properties) {
    return properties.stringPropertyNames().stream().collect(Collectors.toMap(name -> name, properties::getProperty));
  }
}
