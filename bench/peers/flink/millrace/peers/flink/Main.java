package millrace.peers.flink;

import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import millrace.peers.Arguments;
import millrace.peers.Request;
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

/** Runs the goals over what the raw topic holds, in a cluster within this process. */
public final class Main {
  private static final int PARALLELISM = 2;
  /** Longer than any pause between checkpoints, and not longer than brokers allow by default. */
  private static final String TRANSACTION_TIMEOUT_MS = "600000";

  private final Arguments arguments;

  private Main(Arguments arguments) {
    this.arguments = arguments;
  }

  public static void main(String[] args) throws Exception {
    new Main(new Arguments(args)).run();
  }

  private void run() throws Exception {
    Configuration config = Configuration.fromMap(map(arguments.properties("config")));
    config.set(StateBackendOptions.STATE_BACKEND, arguments.get("state"));
    config.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + arguments.get("directory"));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, config);
    WatermarkStrategy<Request> watermarks = WatermarkStrategy
        .<Request>forBoundedOutOfOrderness(arguments.duration("grace"))
        .withTimestampAssigner((request, previous) -> request.timestamp);
    DataStream<Request> requests = environment.fromSource(source(), watermarks, "requests");

    GoalResults results = new GoalResults(arguments);
    Goals goals = arguments.get("api").equals("sql")
        ? new SqlGoals(environment, requests, results)
        : new DataStreamGoals(requests, results);
    Set<Integer> wanted = arguments.goals();
    if (wanted.contains(1)) goals.abusiveClients().sinkTo(sink(1));
    if (wanted.contains(2)) goals.hostsWithClientErrors().sinkTo(sink(2));
    if (wanted.contains(3)) goals.successesByCountry().sinkTo(sink(3));
    if (wanted.contains(4)) goals.meanRequestTimeByHost().sinkTo(sink(4));
    environment.execute("goals");
  }

  private KafkaSource<Request> source() throws Exception {
    return KafkaSource.<Request>builder()
        .setBootstrapServers(arguments.get("brokers"))
        .setTopics(arguments.get("input"))
        .setGroupId(arguments.get("application"))
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setBounded(OffsetsInitializer.latest())
        .setProperty("isolation.level", "read_committed")
        .setValueOnlyDeserializer(new RequestSchema(arguments.schema("schema"), arguments.schema("readerSchema")))
        .build();
  }

  private KafkaSink<GoalRecord> sink(int goal) {
    return KafkaSink.<GoalRecord>builder()
        .setBootstrapServers(arguments.get("brokers"))
        .setRecordSerializer(new GoalRecordSchema(arguments.get("output" + goal)))
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(arguments.get("application") + "-goal" + goal)
        .setProperty("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
        .build();
  }

  private static Map<String, String> map(Properties properties) {
    return properties.stringPropertyNames().stream().collect(Collectors.toMap(name -> name, properties::getProperty));
  }
}
