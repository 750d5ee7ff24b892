package millrace.connect;

import java.util.Date;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.sink.SinkRecord;

/** Records as lines of InfluxDB's line protocol, with milliseconds as times. */
final class LineProtocol {
  private final String measurement;
  private final List<String> tags;
  private final List<String> fields;
  private final String time;

  LineProtocol(InfluxSinkConfig config) {
    measurement = config.getString(InfluxSinkConfig.MEASUREMENT);
    tags = config.getList(InfluxSinkConfig.TAGS).stream().sorted().toList();
    fields = config.getList(InfluxSinkConfig.FIELDS);
    time = config.getString(InfluxSinkConfig.TIME);
  }

  /** @throws DataException when the record is no point */
  String of(SinkRecord record) {
    StringBuilder line = new StringBuilder(96);
    line.append(escape(measurement.isEmpty() ? record.topic() : measurement, ", "));
    for (String tag : tags) {
      Object value = get(record, tag);
      // A tag cannot be empty: a point without it says the same.
      if (value == null || value.toString().isEmpty()) continue;
      line.append(',').append(escape(tag, ",= ")).append('=').append(escape(value.toString(), ",= "));
    }
    char separator = ' ';
    for (String field : fields) {
      Object value = get(record, field);
      if (value == null) continue;
      line.append(separator).append(escape(field, ",= ")).append('=').append(literal(field, value));
      separator = ',';
    }
    if (separator == ' ') throw new DataException("a point must have a field, and all of " + fields + " are null");
    return line.append(' ').append(milliseconds(get(record, time))).toString();
  }

  private static Object get(SinkRecord record, String field) {
    if (record.value() instanceof Struct value) {
      if (value.schema().field(field) == null) throw new DataException("the value has no field \"" + field + "\"");
      return value.get(field);
    }
    if (record.value() instanceof Map<?, ?> value) return value.get(field);
    throw new DataException("a point must be an object, not " + record.value().getClass().getSimpleName());
  }

  private long milliseconds(Object value) {
    if (value instanceof Date date) return date.getTime();
    if (value instanceof Long || value instanceof Integer) return ((Number) value).longValue();
    throw new DataException("the time \"" + time + "\" must be a timestamp or milliseconds, not " + value);
  }

  private static String literal(String field, Object value) {
    if (value instanceof Date date) return date.getTime() + "i";
    if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return value + "i";
    }
    if (value instanceof Number number) {
      if (!Double.isFinite(number.doubleValue())) throw new DataException("\"" + field + "\" is " + number);
      return number.toString();
    }
    if (value instanceof Boolean) return value.toString();
    if (value instanceof String text) {
      return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
    throw new DataException("\"" + field + "\" must be a number, a text or a boolean, not "
        + value.getClass().getSimpleName());
  }

  /** A line feed would end the line, and InfluxDB has no escape for it there. */
  private static String escape(String text, String special) {
    StringBuilder escaped = new StringBuilder(text.length() + 8);
    for (char character : text.toCharArray()) {
      if (character == '\n' || character == '\r') {
        escaped.append("\\ ");
        continue;
      }
      if (special.indexOf(character) >= 0) escaped.append('\\');
      escaped.append(character);
    }
    // A backslash at the end would escape what follows.
    return text.endsWith("\\") ? escaped.append("\\ ").toString() : escaped.toString();
  }
}
