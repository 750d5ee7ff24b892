package millrace.oracle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.streams.kstream.Window;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * Holds an aggregate's updates back until a record without key comes, a commit. Then it forwards the last update of each
 * key and window, keys in the order of their first change, a key's windows in the order of time; or, of final results,
 * all as they came. Of sessions, those that are no more come first, and only if they were sent.
 */
final class OncePerCommit extends ContextualFixedKeyProcessor<Object, Object, Object> {
    private static final Comparator<Window> IN_TIME =
        Comparator.comparingLong(Window::end).thenComparingLong(Window::start);
    private static final Window NO_WINDOW = new SessionWindow(0, 0);

    private final boolean isFinal;
    private final Map<Object, TreeMap<Window, FixedKeyRecord<Object, Object>>> held = new LinkedHashMap<>();
    private final List<FixedKeyRecord<Object, Object>> results = new ArrayList<>();
    private final Set<String> sentSessions = new HashSet<>();

    OncePerCommit(final boolean isFinal) {
        this.isFinal = isFinal;
    }

    @Override
    public void process(final FixedKeyRecord<Object, Object> record) {
        if (record.key() == null) {
            commit();
        } else if (isFinal) {
            results.add(record);
        } else if (record.key() instanceof Windowed<?> windowed) {
            hold(windowed.key(), windowed.window(), record);
        } else {
            hold(record.key(), NO_WINDOW, record);
        }
    }

    private void hold(final Object key, final Window window, final FixedKeyRecord<Object, Object> record) {
        held.computeIfAbsent(key.toString(), unused -> new TreeMap<>(IN_TIME)).put(window, record);
    }

    private void commit() {
        held.values().forEach(windows -> {
            final boolean areSessions = windows.values().iterator().next().key() instanceof Windowed<?> windowed
                && windowed.window() instanceof SessionWindow;
            results.addAll(areSessions ? sessions(windows) : windows.values());
        });
        final List<FixedKeyRecord<Object, Object>> records = List.copyOf(results);
        held.clear();
        results.clear();
        records.forEach(record -> context().forward(record));
    }

    private List<FixedKeyRecord<Object, Object>> sessions(
        final TreeMap<Window, FixedKeyRecord<Object, Object>> windows
    ) {
        final List<FixedKeyRecord<Object, Object>> gone = new ArrayList<>();
        final List<FixedKeyRecord<Object, Object>> changed = new ArrayList<>();
        windows.values().forEach(record -> {
            if (record.value() != null) {
                sentSessions.add(record.key().toString());
                changed.add(record);
            } else if (sentSessions.remove(record.key().toString())) {
                gone.add(record);
            }
        });
        gone.addAll(changed);
        return gone;
    }
}
