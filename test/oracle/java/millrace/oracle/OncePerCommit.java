package millrace.oracle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * Holds an aggregate's updates back until a record without key comes, a commit. Then it forwards the last update of each
 * key and window, keys in the order of their first change, a key's windows in the order of time; or, of final results,
 * all as they came.
 */
final class OncePerCommit extends ContextualFixedKeyProcessor<Object, Object, Object> {
    private final boolean isFinal;
    private final Map<Object, TreeMap<Long, FixedKeyRecord<Object, Object>>> held = new LinkedHashMap<>();
    private final List<FixedKeyRecord<Object, Object>> results = new ArrayList<>();

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
            final Object key = windowed.key().toString();
            held.computeIfAbsent(key, unused -> new TreeMap<>()).put(windowed.window().start(), record);
        } else {
            held.computeIfAbsent(record.key().toString(), unused -> new TreeMap<>()).put(0L, record);
        }
    }

    private void commit() {
        held.values().forEach(windows -> results.addAll(windows.values()));
        final List<FixedKeyRecord<Object, Object>> records = List.copyOf(results);
        held.clear();
        results.clear();
        records.forEach(record -> context().forward(record));
    }
}
