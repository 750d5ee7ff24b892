package millrace.connect;

import java.net.URI;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.Width;
import org.apache.kafka.common.config.ConfigException;

/** The settings that both sinks have: where the service is, and how batches are sent and tried again. */
final class Connection {
  static final String URL = "connection.url";
  static final String USERNAME = "connection.username";
  static final String PASSWORD = "connection.password";
  static final String BATCH_SIZE = "batch.size";
  static final String READ_TIMEOUT_MS = "read.timeout.ms";
  static final String RETRY_BACKOFF_MS = "retry.backoff.ms";
  static final String RETRY_BACKOFF_MAX_MS = "retry.backoff.max.ms";

  private static final String GROUP = "Connection";

  private Connection() {}

  static ConfigDef define(ConfigDef definition) {
    return definition
        .define(URL, Type.LIST, ConfigDef.NO_DEFAULT_VALUE, Connection::checkUrls, Importance.HIGH,
            "Where the service is; with several, the next is taken when one does not answer.",
            GROUP, 1, Width.LONG, "URLs")
        .define(USERNAME, Type.STRING, "", Importance.MEDIUM,
            "The user, where the service wants one.", GROUP, 2, Width.MEDIUM, "User")
        .define(PASSWORD, Type.PASSWORD, "", Importance.MEDIUM,
            "The user's password.", GROUP, 3, Width.MEDIUM, "Password")
        .define(BATCH_SIZE, Type.INT, 2000, Range.between(1, 100_000), Importance.MEDIUM,
            "The most records in one request.", GROUP, 4, Width.SHORT, "Batch size")
        .define(READ_TIMEOUT_MS, Type.INT, 30_000, Range.atLeast(100), Importance.LOW,
            "How long a request may take before it is sent again, in milliseconds.",
            GROUP, 5, Width.SHORT, "Read time-out")
        .define(RETRY_BACKOFF_MS, Type.INT, 500, Range.atLeast(10), Importance.LOW,
            "How long to wait before a batch is sent again, in milliseconds; doubled at each further attempt.",
            GROUP, 6, Width.SHORT, "Backoff")
        .define(RETRY_BACKOFF_MAX_MS, Type.INT, 10_000, Range.atLeast(10), Importance.LOW,
            "The longest wait between attempts, in milliseconds. Attempts go on until the service is back.",
            GROUP, 7, Width.SHORT, "Longest backoff");
  }

  static HttpTarget target(AbstractConfig config) {
    return new HttpTarget(
        config.getList(URL).stream().map(Connection::uri).toList(),
        config.getString(USERNAME),
        config.getPassword(PASSWORD).value(),
        config.getInt(READ_TIMEOUT_MS));
  }

  /** The value of a setting before it is checked, as {@code Connector.validate} sees it. */
  static boolean isSet(Map<String, String> settings, String name) {
    String value = settings.get(name);
    return value != null && !value.isBlank();
  }

  private static void checkUrls(String name, Object value) {
    List<?> urls = (List<?>) value;
    if (urls == null || urls.isEmpty()) throw new ConfigException(name, value, "It must have a URL.");
    for (Object url : urls) {
      URI uri;
      try {
        uri = uri(url.toString());
      } catch (IllegalArgumentException error) {
        throw new ConfigException(name, url, "It is no URL.");
      }
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (!http || uri.getHost() == null) {
        throw new ConfigException(name, url, "It must be a URL such as http://localhost:9200.");
      }
    }
  }

  private static URI uri(String url) {
    return URI.create(url.endsWith("/") ? url : url + "/");
  }
}
