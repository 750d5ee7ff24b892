package millrace.oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The users' processors that a topology may name; processors.ts has the same. */
final class Processors {
    private static final Duration INTERVAL = Duration.ofMillis(10);
    private static final long BACK_MS = 5;

    private Processors() {
    }

    static ProcessorSupplier<Object, Object, Object, Object> supplier(final String name, final String store) {
        return switch (name) {
            case "back" -> Back::new;
            case "streamTime" -> StreamTime::new;
            case "changes" -> () -> new Changes(store);
            case "count" -> () -> new Count(store);
            case "everyStreamTime" -> () -> new Every(store, PunctuationType.STREAM_TIME);
            case "everyWallClockTime" -> () -> new Every(store, PunctuationType.WALL_CLOCK_TIME);
            default -> throw new IllegalArgumentException("no processor is named " + name);
        };
    }

    /** Moves a record to an earlier time. */
    private static final class Back extends ContextualProcessor<Object, Object, Object, Object> {
        @Override
        public void process(final Record<Object, Object> record) {
            context().forward(record.withTimestamp(Math.max(0, record.timestamp() - BACK_MS)));
        }
    }

    /** Forwards what time it is. */
    private static final class StreamTime extends ContextualProcessor<Object, Object, Object, Object> {
        @Override
        public void process(final Record<Object, Object> record) {
            context().forward(record.withValue(context().currentStreamTimeMs()));
        }
    }

    private abstract static class Stateful implements Processor<Object, Object, Object, Object> {
        private final String storeName;
        ProcessorContext<Object, Object> context;
        KeyValueStore<Object, Object> store;

        Stateful(final String storeName) {
            this.storeName = storeName;
        }

        @Override
        public void init(final ProcessorContext<Object, Object> context) {
            this.context = context;
            store = context.getStateStore(storeName);
        }

        static String stored(final Object key) {
            return "k" + Functions.text(key);
        }
    }

    /** Forwards values that differ from the key's last one. */
    private static final class Changes extends Stateful {
        Changes(final String storeName) {
            super(storeName);
        }

        @Override
        public void process(final Record<Object, Object> record) {
            final String key = stored(record.key());
            if (Objects.equals(Functions.text(store.get(key)), Functions.text(record.value()))) {
                return;
            }
            if (record.value() == null) {
                store.delete(key);
            } else {
                store.put(key, record.value());
            }
            context.forward(record);
        }
    }

    /** Forwards how many records the key has had. */
    private static final class Count extends Stateful {
        Count(final String storeName) {
            super(storeName);
        }

        @Override
        public void process(final Record<Object, Object> record) {
            final Object before = store.putIfAbsent(stored(record.key()), "1");
            final int count = before == null ? 1 : Integer.parseInt(before.toString()) + 1;
            store.put(stored(record.key()), String.valueOf(count));
            context.forward(record.withValue(count));
        }
    }

    /** Keeps the last value of each key, and forwards them all every now and then, from its first record on. */
    private static final class Every extends Stateful {
        private final PunctuationType type;
        private boolean isScheduled;

        Every(final String storeName, final PunctuationType type) {
            super(storeName);
            this.type = type;
        }

        @Override
        public void process(final Record<Object, Object> record) {
            if (record.value() == null) {
                store.delete(stored(record.key()));
            } else {
                store.put(stored(record.key()), record.value());
            }
            if (!isScheduled) {
                isScheduled = true;
                context.schedule(INTERVAL, type, this::forwardAll);
            }
        }

        private void forwardAll(final long timestamp) {
            final List<KeyValue<Object, Object>> entries = new ArrayList<>();
            try (KeyValueIterator<Object, Object> all = store.all()) {
                all.forEachRemaining(entries::add);
            }
            for (final KeyValue<Object, Object> entry : entries) {
                context.forward(new Record<>(entry.key, entry.value, timestamp));
            }
        }
    }
}
