package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.BranchedKStream;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** A topology in the words of topology-spec.ts, in Kafka Streams' DSL. A node makes a stream, a table or branches. */
final class SpecTopology {
    /** What a peek saw. */
    record Peeked(String topic, String key, String value) {
    }

    private final StreamsBuilder builder = new StreamsBuilder();
    private final TextSerde text = new TextSerde();
    private final JsonNode nodes;
    private final Map<Integer, KStream<Object, Object>> streams = new HashMap<>();
    private final Map<Integer, KTable<Object, Object>> tables = new HashMap<>();
    private final Map<Integer, Map<String, KStream<Object, Object>>> branches = new HashMap<>();
    private final List<String> outputTopics = new ArrayList<>();
    private final List<String> commitTopics = new ArrayList<>();
    private final List<Peeked> peeked = new ArrayList<>();
    private final Map<String, KStream<Object, Object>> clocks = new HashMap<>();

    SpecTopology(final JsonNode nodes) {
        this.nodes = nodes;
    }

    Topology build() {
        for (int i = 0; i < nodes.size(); i++) {
            build(i, nodes.get(i));
        }
        return builder.build();
    }

    List<String> outputTopics() {
        return outputTopics;
    }

    /** A record to each in this order ends a commit. */
    List<String> commitTopics() {
        return commitTopics;
    }

    List<Peeked> takePeeked() {
        final List<Peeked> taken = List.copyOf(peeked);
        peeked.clear();
        return taken;
    }

    private void build(final int id, final JsonNode node) {
        final String op = node.get("op").asText();
        switch (op) {
            case "stream" -> streams.put(id, builder.stream(texts(node.get("topics")), consumed(node)));
            case "table" -> tables.put(id, table(id, node));
            case "filter" -> streams.put(id, of(node).filter(Functions.predicate(name(node, "predicate"))));
            case "filterNot" -> streams.put(id, of(node).filterNot(Functions.predicate(name(node, "predicate"))));
            case "map" -> streams.put(id, of(node).map(Functions.mapper(name(node, "mapper"))));
            case "mapValues" -> streams.put(id, of(node).mapValues(Functions.valueMapper(name(node, "mapper"))));
            case "flatMap" -> streams.put(id, of(node).flatMap(Functions.flatMapper(name(node, "mapper"))));
            case "flatMapValues" ->
                streams.put(id, of(node).flatMapValues(Functions.flatValueMapper(name(node, "mapper"))));
            case "peek" -> streams.put(id, of(node).peek((key, value) ->
                peeked.add(new Peeked("peek-" + id, Functions.text(key), Functions.text(value)))));
            case "selectKey" -> streams.put(id, of(node).selectKey(Functions.selector(name(node, "selector"))));
            case "split" -> branches.put(id, split(id, node));
            case "branch" ->
                streams.put(id, branches.get(node.get("of").asInt()).get(branchName(node.get("of").asInt(), node)));
            case "merge" -> streams.put(id, of(node).merge(streams.get(node.get("with").asInt())));
            case "repartition" ->
                streams.put(id, of(node).repartition(Repartitioned.with(text, text).withName("repartition-" + id)));
            case "process" -> streams.put(id, process(id, node));
            case "count", "reduce", "aggregate" -> tables.put(id, aggregated(id, op, node));
            case "joinStreams" -> streams.put(id, Joins.streams(builder, text, id, node, repartitioned(id, node), otherOf(id, node)));
            case "joinTable" -> streams.put(id, Joins.table(
                text, id, name(node, "kind"), repartitioned(id, node), tables.get(node.get("with").asInt())));
            case "joinTables" -> tables.put(id, Joins.tables(
                name(node, "kind"), tableOf(node), tables.get(node.get("with").asInt())));
            case "joinGlobal" -> streams.put(id, Joins.globalTable(builder, text, id, node, of(node)));
            case "joinForeignKey" -> tables.put(id, Joins.foreignKeys(
                text, id, node, tableOf(node), tables.get(node.get("with").asInt())));
            case "toTable" -> tables.put(id, of(node).toTable(
                Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id)
                    .withKeySerde(text).withValueSerde(text).withCachingDisabled()));
            case "groupTable" -> tables.put(id, tableOf(node)
                .groupBy(
                    (key, value) -> KeyValue.pair(
                        Functions.selector(name(node, "groupBy")).apply(key, value), value),
                    Grouped.with(text, text))
                .aggregate(
                    Functions.initializer(name(node, "function")),
                    Functions.adder(name(node, "function")),
                    Functions.subtractor(name(node, "function")),
                    Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id)
                        .withKeySerde(text).withValueSerde(text).withCachingDisabled()));
            case "suppress" -> tables.put(id, Suppresses.of(tableOf(node), node));
            case "tableFilter" -> tables.put(id, tableOf(node).filter(Functions.predicate(name(node, "predicate"))));
            case "tableFilterNot" ->
                tables.put(id, tableOf(node).filterNot(Functions.predicate(name(node, "predicate"))));
            case "tableMapValues" ->
                tables.put(id, tableOf(node).mapValues(Functions.valueMapper(name(node, "mapper"))));
            case "toStream" -> streams.put(id, toStream(node));
            case "to" -> {
                of(node).to(name(node, "topic"), Produced.with(text, text));
                outputTopics.add(name(node, "topic"));
            }
            default -> throw new IllegalArgumentException("no operator is named " + op);
        }
    }

    /** The left side of a join, before which a clock may come. */
    private KStream<Object, Object> repartitioned(final int id, final JsonNode node) {
        return node.get("repartitions").asBoolean()
            ? of(node).repartition(Repartitioned.with(text, text).withName("repartition-" + id))
            : of(node);
    }

    private KStream<Object, Object> otherOf(final int id, final JsonNode node) {
        final KStream<Object, Object> other = streams.get(node.get("with").asInt());
        return node.get("repartitionsOther").asBoolean()
            ? other.repartition(Repartitioned.with(text, text).withName("repartition-other-" + id))
            : other;
    }

    private Consumed<Object, Object> consumed(final JsonNode node) {
        return Consumed.with(text, text).withTimestampExtractor(Functions.extractor(name(node, "extractor")));
    }

    private KTable<Object, Object> table(final int id, final JsonNode node) {
        if (!node.get("materialized").asBoolean()) {
            return builder.table(name(node, "topic"), consumed(node));
        }
        return builder.table(
            name(node, "topic"),
            consumed(node),
            Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id).withCachingDisabled()
        );
    }

    private Map<String, KStream<Object, Object>> split(final int id, final JsonNode node) {
        BranchedKStream<Object, Object> split = of(node).split(Named.as("split-" + id + "-"));
        int index = 0;
        for (final String predicate : texts(node.get("predicates"))) {
            split = split.branch(Functions.predicate(predicate), Branched.as(String.valueOf(index)));
            index++;
        }
        return node.get("default").asBoolean()
            ? split.defaultBranch(Branched.as(String.valueOf(index)))
            : split.noDefaultBranch();
    }

    private static String branchName(final int split, final JsonNode node) {
        return "split-" + split + "-" + node.get("index").asInt();
    }

    private KStream<Object, Object> process(final int id, final JsonNode node) {
        final String store = "store-" + id;
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(store), text, text));
        return of(node).process(Processors.supplier(name(node, "processor"), store), store);
    }

    private KTable<Object, Object> aggregated(final int id, final String op, final JsonNode node) {
        KStream<Object, Object> stream = of(node);
        final JsonNode windows = node.get("windows");
        if (node.has("passesOverNulls")) {
            stream = stream.filter((key, value) -> value != null);
        }
        final KGroupedStream<Object, Object> grouped = grouped(id, node, stream);
        if (windows.isNull()) {
            return switch (op) {
                case "count" -> untyped(grouped.count(
                    Materialized.<Object, Long, KeyValueStore<Bytes, byte[]>>as("store-" + id)
                        .withKeySerde(text).withValueSerde(Serdes.Long()).withCachingDisabled()));
                case "reduce" -> grouped.reduce(
                    Functions.reducer(name(node, "function")),
                    Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id)
                        .withKeySerde(text).withValueSerde(text).withCachingDisabled());
                default -> grouped.aggregate(
                    Functions.initializer(name(node, "function")),
                    Functions.aggregator(name(node, "function")),
                    Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id)
                        .withKeySerde(text).withValueSerde(text).withCachingDisabled());
            };
        }
        if (windows.has("gapMs")) {
            return sessions(id, op, node, grouped);
        }
        final TimeWindowedKStream<Object, Object> windowed = windowed(grouped, windows)
            .emitStrategy(emitsOnClose(windows) ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate());
        return switch (op) {
            case "count" -> untyped(windowed.count(
                this.<Long>windowStore(id, windows).withKeySerde(text).withValueSerde(Serdes.Long())));
            case "reduce" -> untyped(windowed.reduce(
                Functions.reducer(name(node, "function")),
                this.<Object>windowStore(id, windows).withKeySerde(text).withValueSerde(text)));
            default -> untyped(windowed.aggregate(
                Functions.initializer(name(node, "function")),
                Functions.aggregator(name(node, "function")),
                this.<Object>windowStore(id, windows).withKeySerde(text).withValueSerde(text)));
        };
    }

    private KTable<Object, Object> sessions(
        final int id,
        final String op,
        final JsonNode node,
        final KGroupedStream<Object, Object> grouped
    ) {
        final JsonNode windows = node.get("windows");
        final SessionWindowedKStream<Object, Object> windowed = grouped
            .windowedBy(SessionWindows.ofInactivityGapAndGrace(millis(windows, "gapMs"), millis(windows, "graceMs")))
            .emitStrategy(emitsOnClose(windows) ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate());
        return switch (op) {
            case "count" -> untyped(windowed.count(
                this.<Long>sessionStore(id, windows).withKeySerde(text).withValueSerde(Serdes.Long())));
            case "reduce" -> untyped(windowed.reduce(
                Functions.reducer(name(node, "function")),
                this.<Object>sessionStore(id, windows).withKeySerde(text).withValueSerde(text)));
            default -> untyped(windowed.aggregate(
                Functions.initializer(name(node, "function")),
                Functions.aggregator(name(node, "function")),
                Functions.merger(name(node, "function")),
                this.<Object>sessionStore(id, windows).withKeySerde(text).withValueSerde(text)));
        };
    }

    private <V> Materialized<Object, V, SessionStore<Bytes, byte[]>> sessionStore(final int id, final JsonNode windows) {
        final String store = "store-" + id;
        return Materialized.<Object, V>as(
            windows.has("retentionMs")
                ? OpenSessions.supplier(store, millis(windows, "retentionMs"), millis(windows, "gapMs"), millis(windows, "graceMs"))
                : Stores.inMemorySessionStore(store, millis(windows, "gapMs").plus(millis(windows, "graceMs")))
        ).withCachingDisabled();
    }

    private KGroupedStream<Object, Object> grouped(
        final int id,
        final JsonNode node,
        final KStream<Object, Object> stream
    ) {
        final JsonNode selector = node.get("groupBy");
        final JsonNode clock = node.get("clock");
        KStream<Object, Object> keyed = stream;
        if (clock != null) {
            keyed = selector.isNull() ? keyed : keyed.selectKey(Functions.selector(selector.asText()));
            if (node.get("repartitions").asBoolean()) {
                keyed = keyed.repartition(Repartitioned.with(text, text).withName("repartition-" + id));
            }
            // Behind the repartition: the test driver's one task would take the clock's time for its own.
            keyed = keyed.merge(clocks.computeIfAbsent(
                clock.asText(), topic -> SourceClock.stream(builder, topic, text)));
            return keyed.groupByKey(Grouped.with(text, text));
        }
        return selector.isNull()
            ? keyed.groupByKey(Grouped.with(text, text))
            : keyed.groupBy(Functions.selector(selector.asText()), Grouped.with(text, text));
    }

    private static TimeWindowedKStream<Object, Object> windowed(
        final KGroupedStream<Object, Object> grouped,
        final JsonNode windows
    ) {
        if (!windows.has("differenceMs")) {
            return grouped.windowedBy(timeWindows(windows));
        }
        return grouped.windowedBy(
            SlidingWindows.ofTimeDifferenceAndGrace(millis(windows, "differenceMs"), millis(windows, "graceMs")));
    }

    private static TimeWindows timeWindows(final JsonNode windows) {
        return TimeWindows
            .ofSizeAndGrace(millis(windows, "sizeMs"), millis(windows, "graceMs"))
            .advanceBy(millis(windows, "advanceMs"));
    }

    private <V> Materialized<Object, V, WindowStore<Bytes, byte[]>> windowStore(final int id, final JsonNode windows) {
        final Materialized<Object, V, WindowStore<Bytes, byte[]>> store =
            Materialized.<Object, V, WindowStore<Bytes, byte[]>>as("store-" + id).withCachingDisabled();
        return windows.has("retentionMs") ? store.withRetention(millis(windows, "retentionMs")) : store;
    }

    private KStream<Object, Object> toStream(final JsonNode node) {
        KStream<Object, Object> stream = tableOf(node).toStream().filter((key, value) -> !SourceClock.isOf(key));
        if (node.has("commit")) {
            final String commits = node.get("commit").asText();
            final boolean isFinal = node.get("final").asBoolean();
            commitTopics.add(commits);
            stream = stream
                .merge(builder.stream(commits, Consumed.with(text, text)))
                .processValues(() -> new OncePerCommit(isFinal));
        }
        return stream;
    }

    private KStream<Object, Object> of(final JsonNode node) {
        return streams.get(node.get("of").asInt());
    }

    private KTable<Object, Object> tableOf(final JsonNode node) {
        return tables.get(node.get("of").asInt());
    }

    private static boolean emitsOnClose(final JsonNode windows) {
        return windows.get("emit").asText().equals("onWindowClose");
    }

    private static Duration millis(final JsonNode windows, final String field) {
        return Duration.ofMillis(windows.get(field).asLong());
    }

    private static String name(final JsonNode node, final String field) {
        return node.get(field).asText();
    }

    private static List<String> texts(final JsonNode array) {
        final List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.asText()));
        return texts;
    }

    /** Functions take whatever it is as its text. */
    @SuppressWarnings("unchecked")
    private static <K, V> KTable<Object, Object> untyped(final KTable<K, V> table) {
        return (KTable<Object, Object>) (KTable<?, ?>) table;
    }
}
