package millrace.connect;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.NonEmptyString;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.Width;
import org.apache.kafka.common.config.ConfigException;

/** Settings of the InfluxDB sink. */
final class InfluxSinkConfig extends AbstractConfig {
  static final String DATABASE = "connection.database";
  static final String RETENTION_POLICY = "retention.policy";
  static final String MEASUREMENT = "measurement";
  static final String TAGS = "tags";
  static final String FIELDS = "fields";
  static final String TIME = "time";

  private static final String GROUP = "Points";
  static final ConfigDef DEFINITION = Connection.define(new ConfigDef())
      .define(DATABASE, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, new NonEmptyString(), Importance.HIGH,
          "The database that points are written to. It must be there.", GROUP, 1, Width.MEDIUM, "Database")
      .define(RETENTION_POLICY, Type.STRING, "", Importance.LOW,
          "The retention policy; the database's default where none is given.", GROUP, 2, Width.MEDIUM,
          "Retention policy")
      .define(MEASUREMENT, Type.STRING, "", Importance.HIGH,
          "The points' measurement; the topic's name where none is given.", GROUP, 3, Width.MEDIUM, "Measurement")
      .define(TAGS, Type.LIST, List.of(), Importance.HIGH,
          "The value's fields that are tags. Points with the same measurement, tags and time overwrite each other.",
          GROUP, 4, Width.LONG, "Tags")
      .define(FIELDS, Type.LIST, ConfigDef.NO_DEFAULT_VALUE, InfluxSinkConfig::checkNotEmpty, Importance.HIGH,
          "The value's fields that are fields.", GROUP, 5, Width.LONG, "Fields")
      .define(TIME, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, new NonEmptyString(), Importance.HIGH,
          "The value's field that is the time: a timestamp, or milliseconds since the epoch.", GROUP, 6, Width.MEDIUM,
          "Time");

  InfluxSinkConfig(Map<String, String> settings) {
    super(DEFINITION, settings);
  }

  private static void checkNotEmpty(String name, Object value) {
    if (value == null || ((List<?>) value).isEmpty()) throw new ConfigException(name, value, "It must have a field.");
  }
}
