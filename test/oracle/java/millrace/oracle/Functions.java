package millrace.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Merger;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Reducer;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.TimestampExtractor;

/** The users' functions that a topology may name; functions.ts has the same. Keys and values are texts or null. */
final class Functions {
    private Functions() {
    }

    static String text(final Object value) {
        return value == null ? null : value.toString();
    }

    static int length(final Object value) {
        return value == null ? 0 : value.toString().length();
    }

    private static String first(final Object value) {
        return length(value) == 0 ? null : text(value).substring(0, 1);
    }

    private static IllegalArgumentException unknown(final String name) {
        return new IllegalArgumentException("no function is named " + name);
    }

    static TimestampExtractor extractor(final String name) {
        return switch (name) {
            case "record" -> (record, partitionTime) -> record.timestamp();
            case "length" -> (record, partitionTime) -> record.timestamp() + 10L * length(record.value());
            default -> throw unknown(name);
        };
    }

    static Predicate<Object, Object> predicate(final String name) {
        return switch (name) {
            case "evenLength" -> (key, value) -> length(value) % 2 == 0;
            case "isNull" -> (key, value) -> value == null;
            case "earlyKey" -> (key, value) -> key != null && text(key).compareTo("b") < 0;
            default -> throw unknown(name);
        };
    }

    static KeyValueMapper<Object, Object, Object> selector(final String name) {
        return switch (name) {
            case "all" -> (key, value) -> "all";
            case "first" -> (key, value) -> first(value);
            case "length" -> (key, value) -> String.valueOf(length(value));
            case "same" -> (key, value) -> key;
            default -> throw unknown(name);
        };
    }

    static ValueMapperWithKey<Object, Object, Object> valueMapper(final String name) {
        return switch (name) {
            case "length" -> (key, value) -> length(value);
            case "nullIfOdd" -> (key, value) -> length(value) % 2 == 1 ? null : text(value);
            case "withKey" -> (key, value) -> text(key) + "=" + text(value);
            case "same" -> (key, value) -> value;
            default -> throw unknown(name);
        };
    }

    static KeyValueMapper<Object, Object, KeyValue<Object, Object>> mapper(final String name) {
        return switch (name) {
            case "swap" -> (key, value) -> KeyValue.pair(text(value), text(key));
            case "first" -> (key, value) -> KeyValue.pair(first(value), text(value));
            case "nullValue" -> (key, value) -> KeyValue.pair(key, null);
            default -> throw unknown(name);
        };
    }

    static KeyValueMapper<Object, Object, Iterable<KeyValue<Object, Object>>> flatMapper(final String name) {
        return switch (name) {
            case "letters" -> (key, value) -> {
                final List<KeyValue<Object, Object>> pairs = new ArrayList<>();
                for (int i = 0; i < length(value); i++) {
                    pairs.add(KeyValue.pair(text(value).substring(i, i + 1), text(key)));
                }
                return pairs;
            };
            case "both" -> (key, value) -> List.of(KeyValue.pair(key, value), KeyValue.pair(text(value), text(key)));
            default -> throw unknown(name);
        };
    }

    static ValueMapperWithKey<Object, Object, Iterable<Object>> flatValueMapper(final String name) {
        return switch (name) {
            case "letters" -> (key, value) -> {
                final List<Object> values = new ArrayList<>();
                for (int i = 0; i < length(value); i++) {
                    values.add(text(value).substring(i, i + 1));
                }
                return values;
            };
            case "afterNull" -> (key, value) -> {
                final List<Object> values = new ArrayList<>();
                values.add(null);
                values.add(value);
                return values;
            };
            default -> throw unknown(name);
        };
    }

    static Reducer<Object> reducer(final String name) {
        return switch (name) {
            case "concat" -> (left, right) -> bounded(text(left) + text(right));
            case "last" -> (left, right) -> right;
            case "greatest" -> (left, right) -> text(left).compareTo(text(right)) < 0 ? right : left;
            default -> throw unknown(name);
        };
    }

    /** Texts that grow have an end: of what is dropped, the length is kept in step. */
    private static String bounded(final String text) {
        return text.length() <= 60 ? text : text.substring(text.length() - 60);
    }

    static Initializer<Object> initializer(final String name) {
        return switch (name) {
            case "sum", "maxLength", "rows" -> () -> 0;
            case "letters", "arrivals", "untilEven", "changes" -> () -> "";
            default -> throw unknown(name);
        };
    }

    static Aggregator<Object, Object, Object> aggregator(final String name) {
        return switch (name) {
            case "sum" -> (key, value, total) -> Integer.parseInt(total.toString()) + length(value);
            case "maxLength" -> (key, value, most) -> Math.max(Integer.parseInt(most.toString()), length(value));
            case "letters" -> (key, value, letters) -> union(letters, value);
            case "arrivals" -> (key, value, arrived) -> bounded(arrived + "," + text(value));
            case "untilEven" -> (key, value, kept) -> length(value) % 2 == 0 ? null : bounded(kept + text(value));
            default -> throw unknown(name);
        };
    }

    static Merger<Object, Object> merger(final String name) {
        return switch (name) {
            case "sum" -> (key, left, right) -> Integer.parseInt(left.toString()) + Integer.parseInt(right.toString());
            case "maxLength" -> (key, left, right) ->
                Math.max(Integer.parseInt(left.toString()), Integer.parseInt(right.toString()));
            case "letters" -> (key, left, right) -> union(left, right);
            case "arrivals" -> (key, left, right) -> bounded(text(left) + "|" + text(right));
            case "untilEven" -> (key, left, right) -> bounded(text(left) + text(right));
            default -> throw unknown(name);
        };
    }

    static String joined(final Object key, final Object left, final Object right) {
        return text(key) + ":" + text(left) + "+" + text(right);
    }

    static Aggregator<Object, Object, Object> adder(final String name) {
        return switch (name) {
            case "sum" -> (key, value, total) -> Integer.parseInt(total.toString()) + length(value);
            case "changes" -> (key, value, kept) -> bounded(kept + "+" + text(value));
            case "rows" -> (key, value, rows) -> Integer.parseInt(rows.toString()) + 1;
            default -> throw unknown(name);
        };
    }

    static Aggregator<Object, Object, Object> subtractor(final String name) {
        return switch (name) {
            case "sum" -> (key, value, total) -> Integer.parseInt(total.toString()) - length(value);
            case "changes" -> (key, value, kept) -> bounded(kept + "-" + text(value));
            case "rows" -> (key, value, rows) ->
                Integer.parseInt(rows.toString()) == 1 ? null : Integer.parseInt(rows.toString()) - 1;
            default -> throw unknown(name);
        };
    }

    private static String union(final Object left, final Object right) {
        final Set<String> letters = new TreeSet<>();
        for (final Object side : new Object[] {left, right}) {
            for (int i = 0; i < length(side); i++) {
                final char letter = text(side).charAt(i);
                letters.add(Character.isSurrogate(letter) ? "\ufffd" : String.valueOf(letter));
            }
        }
        return letters.stream().collect(Collectors.joining());
    }
}
