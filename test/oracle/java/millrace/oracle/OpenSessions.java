package millrace.oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.SessionBytesStoreSupplier;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/**
 * Sessions of which a record joins those that are open, however long the others are kept: so that they can be sent when
 * they close. These come in the order of the store on disk: end, start, key.
 */
final class OpenSessions extends WrappedStateStore<SessionStore<Bytes, byte[]>, Bytes, byte[]>
    implements SessionStore<Bytes, byte[]> {
    private final long openMs;
    private long lastEnd = 0;

    private OpenSessions(final SessionStore<Bytes, byte[]> inner, final long openMs) {
        super(inner);
        this.openMs = openMs;
    }

    static SessionBytesStoreSupplier supplier(
        final String name,
        final Duration retention,
        final Duration gap,
        final Duration grace
    ) {
        final SessionBytesStoreSupplier inner = Stores.inMemorySessionStore(name, retention);
        return new SessionBytesStoreSupplier() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public SessionStore<Bytes, byte[]> get() {
                return new OpenSessions(inner.get(), gap.plus(grace).toMillis());
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
            public long retentionPeriod() {
                return inner.retentionPeriod();
            }
        };
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> findSessions(
        final Bytes key,
        final long earliestEnd,
        final long latestStart
    ) {
        return wrapped().findSessions(key, Math.max(earliestEnd, lastEnd - openMs), latestStart);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> findSessions(final long earliestEnd, final long latestEnd) {
        final List<KeyValue<Windowed<Bytes>, byte[]>> found = new ArrayList<>();
        try (KeyValueIterator<Windowed<Bytes>, byte[]> sessions = wrapped().findSessions(earliestEnd, latestEnd)) {
            sessions.forEachRemaining(found::add);
        }
        found.sort(Comparator
            .comparingLong((KeyValue<Windowed<Bytes>, byte[]> session) -> session.key.window().end())
            .thenComparingLong(session -> session.key.window().start())
            .thenComparing(session -> session.key.key()));
        return new Listed(found.iterator());
    }

    @Override
    public void put(final Windowed<Bytes> session, final byte[] aggregate) {
        lastEnd = Math.max(lastEnd, session.window().end());
        wrapped().put(session, aggregate);
    }

    @Override
    public void remove(final Windowed<Bytes> session) {
        wrapped().remove(session);
    }

    @Override
    public byte[] fetchSession(final Bytes key, final long start, final long end) {
        return wrapped().fetchSession(key, start, end);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(final Bytes key) {
        return wrapped().fetch(key);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(final Bytes from, final Bytes to) {
        return wrapped().fetch(from, to);
    }

    private record Listed(Iterator<KeyValue<Windowed<Bytes>, byte[]>> sessions)
        implements KeyValueIterator<Windowed<Bytes>, byte[]> {
        @Override
        public boolean hasNext() {
            return sessions.hasNext();
        }

        @Override
        public KeyValue<Windowed<Bytes>, byte[]> next() {
            return sessions.next();
        }

        @Override
        public Windowed<Bytes> peekNextKey() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
        }
    }
}
