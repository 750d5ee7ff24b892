package millrace.connect;

import io.confluent.connect.avro.AvroConverter;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Confluent's Avro converter, but for a registry that is away: Confluent's reports that as a fault of the record, and
 * with {@code errors.tolerance=all} Connect would send good records to the dead-letter queue. Here it is to be tried
 * again, for {@code errors.retry.timeout}.
 */
public final class RetryingAvroConverter implements Converter {
  private static final int STATUS_TIMEOUT = 408;
  private static final int STATUS_BUSY = 429;
  private static final int STATUS_BROKEN = 500;

  private final AvroConverter converter = new AvroConverter();

  @Override
  public void configure(Map<String, ?> settings, boolean isKey) {
    converter.configure(settings, isKey);
  }

  @Override
  public ConfigDef config() {
    return converter.config();
  }

  @Override
  public byte[] fromConnectData(String topic, Schema schema, Object value) {
    return retriable(() -> converter.fromConnectData(topic, schema, value));
  }

  @Override
  public SchemaAndValue toConnectData(String topic, byte[] value) {
    return retriable(() -> converter.toConnectData(topic, value));
  }

  private static <T> T retriable(Supplier<T> conversion) {
    try {
      return conversion.get();
    } catch (DataException | SerializationException error) {
      Throwable cause = rootOf(error);
      if (isOutage(error)) throw new RetriableException("the schema registry does not answer: " + cause, error);
      // Confluent's message says that it failed, and not why: the dead letter's header should.
      throw new DataException("this is no Avro record of the topic's schemas: " + cause, error);
    }
  }

  private static Throwable rootOf(Throwable error) {
    return error.getCause() == null ? error : rootOf(error.getCause());
  }

  private static boolean isOutage(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RestClientException answer) {
        int status = answer.getStatus();
        return status == STATUS_TIMEOUT || status == STATUS_BUSY || status >= STATUS_BROKEN;
      }
      // No other IOException: a record that is cut off makes one, too.
      boolean network = cause instanceof SocketException || cause instanceof SocketTimeoutException
          || cause instanceof UnknownHostException || cause instanceof SSLException;
      if (network) return true;
    }
    return false;
  }
}
