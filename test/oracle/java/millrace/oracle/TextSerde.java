package millrace.oracle;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Whatever it is as its text, and back as text: a windowed key is {@code [key@start/end]}. */
final class TextSerde implements Serde<Object> {
    @Override
    public Serializer<Object> serializer() {
        return (topic, value) -> value == null ? null : value.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Deserializer<Object> deserializer() {
        return (topic, bytes) -> bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
