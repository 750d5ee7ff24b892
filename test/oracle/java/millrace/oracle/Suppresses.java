package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.internals.suppress.SuppressedInternal;

/** Tables whose changes are held back. */
final class Suppresses {
    private static final String WINDOW_END =
        "org.apache.kafka.streams.kstream.internals.suppress.TimeDefinitions$WindowEndTimeDefinition";

    private Suppresses() {
    }

    static KTable<Object, Object> of(final KTable<Object, Object> table, final JsonNode node) {
        if (node.get("until").asText().equals("final")) {
            return table.suppress(
                node.has("delayMs") ? finals(Duration.ofMillis(node.get("delayMs").asLong())) : asItIs());
        }
        final JsonNode maxRecords = node.get("maxRecords");
        return table.suppress(Suppressed.untilTimeLimit(
            Duration.ofMillis(node.get("limitMs").asLong()),
            maxRecords.isNull() ? BufferConfig.unbounded() : BufferConfig.maxRecords(maxRecords.asLong())));
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Suppressed<Object> asItIs() {
        return (Suppressed) Suppressed.untilWindowCloses(BufferConfig.unbounded());
    }

    /** As untilWindowCloses, of windows that close so long after their end: Kafka Streams takes it from the windows. */
    @SuppressWarnings("unchecked")
    private static Suppressed<Object> finals(final Duration delay) {
        try {
            final Method instance = Class.forName(WINDOW_END).getDeclaredMethod("instance");
            instance.setAccessible(true);
            return (Suppressed<Object>) SuppressedInternal.class.getConstructors()[0]
                .newInstance(null, delay, BufferConfig.unbounded(), instance.invoke(null), true);
        } catch (final ClassNotFoundException | NoSuchMethodException | IllegalAccessException
            | InstantiationException | InvocationTargetException e) {
            throw new IllegalStateException("suppress is made otherwise in this version of Kafka Streams", e);
        }
    }
}
