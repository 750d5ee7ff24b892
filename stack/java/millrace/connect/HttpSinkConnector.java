package millrace.connect;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.sink.SinkConnector;

/** A connector whose tasks all have its own settings. */
abstract class HttpSinkConnector extends SinkConnector {
  private Map<String, String> settings = Map.of();

  @Override
  public String version() {
    return Version.VERSION;
  }

  @Override
  public void start(Map<String, String> settings) {
    this.settings = settings;
  }

  @Override
  public void stop() {}

  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    return Collections.nCopies(maxTasks, settings);
  }

  @Override
  public Config validate(Map<String, String> settings) {
    Config config = super.validate(settings);
    if (Connection.isSet(settings, Connection.PASSWORD) && !Connection.isSet(settings, Connection.USERNAME)) {
      addError(config, Connection.USERNAME, "There is a password, but no user.");
    }
    return config;
  }

  static void addError(Config config, String name, String message) {
    for (ConfigValue value : config.configValues()) {
      if (value.name().equals(name)) value.addErrorMessage(message);
    }
  }
}
