package millrace.connect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.json.JsonConverterConfig;
import org.apache.kafka.connect.sink.SinkRecord;

/** Records as lines of a {@code _bulk} request. */
final class BulkActions {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ElasticsearchSinkConfig config;
  private final JsonConverter converter = new JsonConverter();

  BulkActions(ElasticsearchSinkConfig config) {
    this.config = config;
    converter.configure(Map.of(
        JsonConverterConfig.SCHEMAS_ENABLE_CONFIG, false,
        JsonConverterConfig.DECIMAL_FORMAT_CONFIG, "numeric"), false);
  }

  /**
   * @return null where the record does nothing
   * @throws DataException when the record is no document
   */
  byte[] of(SinkRecord record) {
    if (record.value() == null) return withoutValue(record);
    byte[] document = converter.fromConnectData(record.topic(), record.valueSchema(), record.value());
    if (document.length == 0 || document[0] != '{') {
      throw new DataException("a document must be an object, and the value is " + typeOf(record));
    }
    ByteArrayOutputStream lines = new ByteArrayOutputStream(document.length + 128);
    lines.writeBytes(header("index", record));
    lines.write('\n');
    lines.writeBytes(document);
    lines.write('\n');
    return lines.toByteArray();
  }

  private byte[] withoutValue(SinkRecord record) {
    return switch (config.nullValues()) {
      case IGNORE -> null;
      case FAIL -> throw new DataException("the record has no value");
      case DELETE -> {
        // A record that is a document of its own has none that could be deleted.
        if (config.ignoresKeys()) yield null;
        ByteArrayOutputStream line = new ByteArrayOutputStream(128);
        line.writeBytes(header("delete", record));
        line.write('\n');
        yield line.toByteArray();
      }
    };
  }

  private byte[] header(String action, SinkRecord record) {
    ObjectNode header = JSON.createObjectNode();
    ObjectNode target = header.putObject(action).put("_index", record.topic());
    if (config.ignoresKeys()) {
      target.put("_id", record.topic() + "+" + record.kafkaPartition() + "+" + record.kafkaOffset());
    } else {
      // The offset as version: a record that is delivered again cannot undo a later one. The same one may come again.
      target.put("_id", key(record)).put("version", record.kafkaOffset()).put("version_type", "external_gte");
    }
    try {
      return JSON.writeValueAsBytes(header);
    } catch (JsonProcessingException error) {
      throw new DataException("the record's position cannot be written", error);
    }
  }

  private static String key(SinkRecord record) {
    if (record.key() instanceof String || record.key() instanceof Number) {
      String key = record.key().toString();
      if (!key.isEmpty()) return key;
    }
    throw new DataException("the key is the document's id, and must be text or a whole number, not "
        + (record.key() == null ? "null" : record.key().getClass().getSimpleName()));
  }

  private static String typeOf(SinkRecord record) {
    Schema schema = record.valueSchema();
    return schema == null ? record.value().getClass().getSimpleName() : schema.type().getName();
  }
}
