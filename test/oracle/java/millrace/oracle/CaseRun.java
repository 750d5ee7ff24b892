package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.test.TestRecord;

/** Runs one case: its topology under the test driver, step by step. */
final class CaseRun {
    private static final String HEADER = "h";

    private CaseRun() {
    }

    /** What came out, an array for each commit. */
    static ArrayNode run(final JsonNode asked, final ObjectMapper mapper, final String stateDirectory) {
        final SpecTopology spec = new SpecTopology(asked.get("nodes"));
        final ArrayNode steps = mapper.createArrayNode();
        try (TopologyTestDriver driver = new TopologyTestDriver(spec.build(), config(stateDirectory), Instant.EPOCH)) {
            final Map<String, TestInputTopic<String, String>> inputs = new HashMap<>();
            final Map<String, TestOutputTopic<String, String>> outputs = new HashMap<>();
            for (final String topic : spec.outputTopics()) {
                outputs.put(topic, driver.createOutputTopic(topic, new StringDeserializer(), new StringDeserializer()));
            }
            for (final JsonNode together : asked.get("steps")) {
                for (final JsonNode step : together) {
                    take(driver, inputs, step);
                }
                for (final String commit : spec.commitTopics()) {
                    pipe(driver, inputs, commit, null, "", 0, null);
                }
                final ArrayNode records = steps.addArray();
                for (final String topic : spec.outputTopics()) {
                    for (final TestRecord<String, String> written : outputs.get(topic).readRecordsToList()) {
                        final ObjectNode output = add(records, topic, written.key(), written.value());
                        output.put("timestamp", written.timestamp());
                        output.put("header", headersOf(written));
                    }
                }
                for (final SpecTopology.Peeked peeked : spec.takePeeked()) {
                    add(records, peeked.topic(), peeked.key(), peeked.value());
                }
            }
        }
        return steps;
    }

    private static void take(
        final TopologyTestDriver driver,
        final Map<String, TestInputTopic<String, String>> inputs,
        final JsonNode step
    ) {
        if (step.has("advanceMs")) {
            driver.advanceWallClockTime(Duration.ofMillis(step.get("advanceMs").asLong()));
            return;
        }
        if (step.has("forgetTimes")) {
            JoinTimes.forget(driver);
        }
        for (final JsonNode clock : step.get("clocks")) {
            pipe(driver, inputs, clock.get("topic").asText(), SourceClock.KEY, clock.get("time").asText(), 0, null);
        }
        if (!step.has("topic")) {
            return;
        }
        pipe(driver, inputs, step.get("topic").asText(), text(step.get("key")), text(step.get("value")),
            step.get("timestamp").asLong(), text(step.path("header")));
    }

    /** The values of the test's header, of which a record should have one at most. */
    private static String headersOf(final TestRecord<String, String> record) {
        final List<String> values = new ArrayList<>();
        record.headers().headers(HEADER).forEach(header ->
            values.add(new String(header.value(), StandardCharsets.UTF_8)));
        return values.isEmpty() ? null : String.join(",", values);
    }

    private static ObjectNode add(final ArrayNode records, final String topic, final String key, final String value) {
        return records.addObject().put("topic", topic).put("key", key).put("value", value);
    }

    private static void pipe(
        final TopologyTestDriver driver,
        final Map<String, TestInputTopic<String, String>> inputs,
        final String topic,
        final String key,
        final String value,
        final long timestamp,
        final String header
    ) {
        final RecordHeaders headers = new RecordHeaders();
        if (header != null) {
            headers.add(HEADER, header.getBytes(StandardCharsets.UTF_8));
        }
        inputs
            .computeIfAbsent(topic, name -> driver.createInputTopic(name, new StringSerializer(), new StringSerializer()))
            .pipeInput(new TestRecord<>(key, value, headers, Instant.ofEpochMilli(timestamp)));
    }

    private static String text(final JsonNode node) {
        return node.isNull() || node.isMissingNode() ? null : node.asText();
    }

    private static Properties config(final String stateDirectory) {
        final Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, "oracle");
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:1");
        config.put(StreamsConfig.STATE_DIR_CONFIG, stateDirectory);
        // Of what a suppress keeps behind a mapper.
        config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, TextSerde.class);
        // Every update is forwarded, and no results wait for the wall clock.
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
        config.put(
            StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
            BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class
        );
        return config;
    }
}
