package millrace.oracle;

import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * Tells a windowed aggregate the stream time of its source, of which it would otherwise see only what reaches it: records
 * of a key that no results are taken of. Their time is their value, so that the task's own stream time is left alone.
 */
final class SourceClock {
    static final String KEY = "\u0000clock";

    private SourceClock() {
    }

    static KStream<Object, Object> stream(final StreamsBuilder builder, final String topic, final TextSerde serde) {
        return builder.stream(topic, Consumed.with(serde, serde)).processValues(SetTime::new);
    }

    static boolean isOf(final Object key) {
        return key != null && key.toString().contains(KEY);
    }

    private static final class SetTime extends ContextualFixedKeyProcessor<Object, Object, Object> {
        @Override
        public void process(final FixedKeyRecord<Object, Object> record) {
            context().forward(record.withTimestamp(Long.parseLong(record.value().toString())));
        }
    }
}
