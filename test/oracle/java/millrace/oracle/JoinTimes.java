package millrace.oracle;

import java.lang.reflect.Field;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.internals.ProcessorNode;
import org.apache.kafka.streams.processor.internals.ProcessorTopology;

/**
 * Kafka Streams remembers of what waits in a join not the first time but the last that it has looked at, and looks again
 * only when that would be due on the side of the record that comes. With a time before all others in its place, before a
 * join's clock comes, all that is due is sent.
 */
final class JoinTimes {
    /** Far enough from the least of all numbers for a window to be added. */
    private static final long BEFORE_ALL = Long.MIN_VALUE / 2;

    private JoinTimes() {
    }

    static void forget(final TopologyTestDriver driver) {
        final Object task = field(driver, "task");
        if (task == null) {
            return;
        }
        for (final ProcessorNode<?, ?, ?, ?> node : ((ProcessorTopology) field(task, "topology")).processors()) {
            final Object processor = field(node, "processor");
            if (processor != null && processor.getClass().getName().contains("KStreamKStreamJoin")) {
                final Object tracker = field(processor, "sharedTimeTracker");
                try {
                    declared(tracker, "minTime").setLong(tracker, BEFORE_ALL);
                } catch (final IllegalAccessException error) {
                    throw new IllegalStateException(error);
                }
            }
        }
    }

    private static Object field(final Object of, final String name) {
        try {
            return declared(of, name).get(of);
        } catch (final IllegalAccessException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Field declared(final Object of, final String name) {
        for (Class<?> type = of.getClass(); type != null; type = type.getSuperclass()) {
            for (final Field field : type.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    field.setAccessible(true);
                    return field;
                }
            }
        }
        throw new IllegalStateException(of.getClass() + " has no field " + name);
    }
}
