package millrace.connect;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;

/** Writes records as points into an InfluxDB 1.x database. */
public final class InfluxSinkConnector extends HttpSinkConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return InfluxSinkTask.class;
  }

  @Override
  public ConfigDef config() {
    return InfluxSinkConfig.DEFINITION;
  }
}
