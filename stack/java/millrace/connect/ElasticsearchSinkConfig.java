package millrace.connect;

import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.CaseInsensitiveValidString;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.Width;

/** Settings of the Elasticsearch sink; the names are those of Confluent's connector where it has the same. */
final class ElasticsearchSinkConfig extends AbstractConfig {
  static final String KEY_IGNORE = "key.ignore";
  static final String NULL_VALUES = "behavior.on.null.values";
  static final String BULK_SIZE_BYTES = "bulk.size.bytes";

  /** What a record without a value does. */
  enum NullValues { IGNORE, DELETE, FAIL }

  private static final String GROUP = "Documents";
  static final ConfigDef DEFINITION = Connection.define(new ConfigDef())
      .define(KEY_IGNORE, Type.BOOLEAN, false, Importance.HIGH,
          "Whether a document's id is topic+partition+offset, so that each record is a document. Otherwise it is the "
              + "record's key, so that a later record of the key overwrites the document.",
          GROUP, 1, Width.SHORT, "Ignore keys")
      .define(NULL_VALUES, Type.STRING, "ignore", CaseInsensitiveValidString.in("ignore", "delete", "fail"),
          Importance.LOW,
          "What a record without a value does: ignore it, delete the key's document, or fail (it is a bad record).",
          GROUP, 2, Width.SHORT, "Records without a value")
      .define(BULK_SIZE_BYTES, Type.INT, 5 * 1024 * 1024, Range.atLeast(1024), Importance.LOW,
          "A request is sent when it has reached this size, in bytes.", GROUP, 3, Width.SHORT, "Request size");

  ElasticsearchSinkConfig(Map<String, String> settings) {
    super(DEFINITION, settings);
  }

  boolean ignoresKeys() {
    return getBoolean(KEY_IGNORE);
  }

  NullValues nullValues() {
    return NullValues.valueOf(getString(NULL_VALUES).toUpperCase(Locale.ROOT));
  }
}
