package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.function.BiFunction;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.ValueJoinerWithKey;
import org.apache.kafka.streams.state.KeyValueStore;

/** Joins of streams and tables. */
final class Joins {
    private Joins() {
    }

    /**
     * A record of the clock's own key comes to the left side at the end of each commit, and sends what has waited until then.
     */
    static KStream<Object, Object> streams(
        final StreamsBuilder builder,
        final TextSerde text,
        final int id,
        final JsonNode node,
        final KStream<Object, Object> left,
        final KStream<Object, Object> right
    ) {
        final JsonNode spec = node.get("windows");
        final long before = spec.get("beforeMs").asLong();
        final long after = spec.get("afterMs").asLong();
        final long grace = spec.get("graceMs").asLong();
        final JoinWindows windows = JoinWindows
            .ofTimeDifferenceAndGrace(
                Duration.ofMillis(Math.max(Math.abs(before), Math.abs(after))), Duration.ofMillis(grace))
            .before(Duration.ofMillis(before))
            .after(Duration.ofMillis(after));
        final KeptRecords.Clock clock = new KeptRecords.Clock(Math.max(before + after, Math.max(before, after)) + grace);
        final StreamJoined<Object, Object, Object> joined = StreamJoined
            .with(text, text, text)
            .withThisStoreSupplier(KeptRecords.supplier("left-" + id, windows, clock))
            .withOtherStoreSupplier(KeptRecords.supplier("right-" + id, windows, clock));
        final KStream<Object, Object> clocked =
            left.merge(SourceClock.stream(builder, node.get("clock").asText(), text));
        final KStream<Object, Object> results = switch (node.get("kind").asText()) {
            case "inner" -> clocked.join(right, Functions::joined, windows, joined);
            case "left" -> clocked.leftJoin(right, Functions::joined, windows, joined);
            default -> clocked.outerJoin(right, Functions::joined, windows, joined);
        };
        return results.filter((key, value) -> !SourceClock.isOf(key));
    }

    static KStream<Object, Object> table(
        final TextSerde text,
        final int id,
        final String kind,
        final KStream<Object, Object> stream,
        final KTable<Object, Object> table
    ) {
        final Joined<Object, Object, Object> joined = Joined.with(text, text, text, "join-" + id);
        return kind.equals("inner")
            ? stream.join(table, Functions::joined, joined)
            : stream.leftJoin(table, Functions::joined, joined);
    }

    /** A joiner of tables is not given the key. */
    static KTable<Object, Object> tables(
        final String kind,
        final KTable<Object, Object> left,
        final KTable<Object, Object> right
    ) {
        return switch (kind) {
            case "inner" -> left.join(right, Joins::joined);
            case "left" -> left.leftJoin(right, Joins::joined);
            default -> left.outerJoin(right, Joins::joined);
        };
    }

    static KStream<Object, Object> globalTable(
        final StreamsBuilder builder,
        final TextSerde text,
        final int id,
        final JsonNode node,
        final KStream<Object, Object> stream
    ) {
        final GlobalKTable<Object, Object> table = builder.globalTable(
            node.get("topic").asText(),
            Consumed.with(text, text),
            Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id));
        final KeyValueMapper<Object, Object, Object> selector = Functions.selector(node.get("selector").asText());
        final ValueJoinerWithKey<Object, Object, Object, Object> joiner = Functions::joined;
        return node.get("kind").asText().equals("inner")
            ? stream.join(table, selector, joiner)
            : stream.leftJoin(table, selector, joiner);
    }

    static KTable<Object, Object> foreignKeys(
        final TextSerde text,
        final int id,
        final JsonNode node,
        final KTable<Object, Object> left,
        final KTable<Object, Object> right
    ) {
        final KeyValueMapper<Object, Object, Object> selector = Functions.selector(node.get("foreignKey").asText());
        final BiFunction<Object, Object, Object> foreignKey = selector::apply;
        final ValueJoiner<Object, Object, Object> joiner = Joins::joined;
        final Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> store =
            Materialized.<Object, Object, KeyValueStore<Bytes, byte[]>>as("store-" + id)
                .withKeySerde(text).withValueSerde(text).withCachingDisabled();
        final TableJoined<Object, Object> named = TableJoined.as("foreign-key-" + id);
        return node.get("kind").asText().equals("inner")
            ? left.join(right, foreignKey, joiner, named, store)
            : left.leftJoin(right, foreignKey, joiner, named, store);
    }

    private static Object joined(final Object left, final Object right) {
        return Functions.joined("", left, right);
    }
}
