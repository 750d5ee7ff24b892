package millrace.peers.streams;

import java.io.IOException;
import java.util.Properties;
import java.util.Set;
import millrace.peers.Arguments;
import millrace.peers.GoalEncoder;
import millrace.peers.Request;
import millrace.peers.RequestDecoder;
import org.apache.avro.Schema;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** Runs the goals until it is told to end. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws IOException {
    Arguments arguments = new Arguments(args);
    Properties config = arguments.properties("config");
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments.get("application"));
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments.get("brokers"));
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, arguments.get("guarantee"));
    config.put(StreamsConfig.STATE_DIR_CONFIG, arguments.get("directory"));
    config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);

    StreamsBuilder builder = new StreamsBuilder();
    Goals goals = new Goals(builder, arguments.get("input"), requestSerde(arguments), arguments.duration("grace"));
    Set<Integer> wanted = arguments.goals();
    if (wanted.contains(1)) goals.abusiveClients(topic(arguments, 1), encoder(arguments, 1));
    if (wanted.contains(2)) goals.hostsWithClientErrors(topic(arguments, 2), encoder(arguments, 2));
    if (wanted.contains(3)) goals.successesByCountry(topic(arguments, 3), encoder(arguments, 3));
    if (wanted.contains(4)) goals.meanRequestTimeByHost(topic(arguments, 4), encoder(arguments, 4));

    KafkaStreams streams = new KafkaStreams(builder.build(config), config);
    streams.setUncaughtExceptionHandler(failure -> {
      failure.printStackTrace();
      Runtime.getRuntime().halt(1);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static String topic(Arguments arguments, int goal) {
    return arguments.get("output" + goal);
  }

  private static GoalEncoder encoder(Arguments arguments, int goal) throws IOException {
    return new GoalEncoder(arguments.schema("schema" + goal), Integer.parseInt(arguments.get("schemaId" + goal)));
  }

  /** Requests are read only; what a topology sends on is made of parts of them. */
  private static Serde<Request> requestSerde(Arguments arguments) throws IOException {
    Schema written = arguments.schema("schema");
    Schema read = arguments.schema("readerSchema");
    // A serde is shared by the threads.
    ThreadLocal<RequestDecoder> decoder = ThreadLocal.withInitial(() -> new RequestDecoder(written, read));
    return Serdes.serdeFrom(
        (topic, request) -> {
          throw new UnsupportedOperationException("requests are not written");
        },
        (topic, bytes) -> decoder.get().decode(bytes));
  }
}
