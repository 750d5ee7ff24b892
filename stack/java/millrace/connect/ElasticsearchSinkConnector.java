package millrace.connect;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;

/** Writes records as documents into the index that has the topic's name. */
public final class ElasticsearchSinkConnector extends HttpSinkConnector {
  @Override
  public Class<? extends Task> taskClass() {
    return ElasticsearchSinkTask.class;
  }

  @Override
  public ConfigDef config() {
    return ElasticsearchSinkConfig.DEFINITION;
  }
}
