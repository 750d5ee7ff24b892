package millrace.oracle;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/** One side's records of a join: they are found until the time of their side, and that of the last commit, is past them. */
final class KeptRecords extends WrappedStateStore<WindowStore<Bytes, byte[]>, Bytes, byte[]>
    implements WindowStore<Bytes, byte[]> {
    /** What both sides go by. */
    static final class Clock {
        private final long keptMs;
        private long committed = -1;

        Clock(final long keptMs) {
            this.keptMs = keptMs;
        }
    }

    private final Clock clock;
    private long highest = -1;

    private KeptRecords(final WindowStore<Bytes, byte[]> inner, final Clock clock) {
        super(inner);
        this.clock = clock;
    }

    static WindowBytesStoreSupplier supplier(final String name, final JoinWindows windows, final Clock clock) {
        final Duration size = Duration.ofMillis(windows.size());
        final WindowBytesStoreSupplier inner = Stores.inMemoryWindowStore(name, Duration.ofDays(3650), size, true);
        return new WindowBytesStoreSupplier() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public WindowStore<Bytes, byte[]> get() {
                return new KeptRecords(inner.get(), clock);
            }

            @Override
            public String metricsScope() {
                return inner.metricsScope();
            }

            @Override
            public long segmentIntervalMs() {
                return inner.segmentIntervalMs();
            }

            @Override
            public long windowSize() {
                return windows.size();
            }

            @Override
            public boolean retainDuplicates() {
                return true;
            }

            @Override
            public long retentionPeriod() {
                return windows.size() + windows.gracePeriodMs();
            }
        };
    }

    private static boolean isClock(final Bytes key) {
        return SourceClock.isOf(new String(key.get(), StandardCharsets.UTF_8));
    }

    @Override
    public void put(final Bytes key, final byte[] value, final long time) {
        if (isClock(key)) {
            clock.committed = Math.max(clock.committed, time);
            return;
        }
        // A null is not kept, and moves no time.
        if (value == null) {
            return;
        }
        highest = Math.max(highest, time);
        if (time >= keptFrom()) {
            wrapped().put(key, value, time);
        }
    }

    private long keptFrom() {
        return Math.min(clock.committed, highest) - clock.keptMs;
    }

    @Override
    public WindowStoreIterator<byte[]> fetch(final Bytes key, final long from, final long to) {
        return wrapped().fetch(key, Math.max(from, keptFrom()), to);
    }

    @Override
    public byte[] fetch(final Bytes key, final long time) {
        return wrapped().fetch(key, time);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(
        final Bytes first,
        final Bytes last,
        final long from,
        final long to
    ) {
        return wrapped().fetch(first, last, from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetchAll(final long from, final long to) {
        return wrapped().fetchAll(from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> all() {
        return wrapped().all();
    }
}
