package millrace.oracle;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Whatever it is as its text, and back as text: a windowed key is {@code [key@start/end]}. */
public final class TextSerde implements Serde<Object> {
    @Override
    public Serializer<Object> serializer() {
        return (topic, value) -> value == null ? null : utf8(value.toString());
    }

    /** As JavaScript writes it: a half of a character becomes U+FFFD, not a question mark. */
    private static byte[] utf8(final String text) {
        final StringBuilder whole = new StringBuilder();
        text.codePoints().forEach(point ->
            whole.appendCodePoint(point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE ? 0xfffd : point));
        return whole.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Deserializer<Object> deserializer() {
        return (topic, bytes) -> bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
