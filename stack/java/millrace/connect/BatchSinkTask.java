package millrace.connect;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task that has stored all records, or reported them as bad, when {@code put} returns. There is no buffer, so there is
 * nothing to flush before offsets are committed; a service that is slow slows the consumer. When it takes nothing,
 * Connect pauses the consumer and hands the same records over again, for as long as it takes.
 */
abstract class BatchSinkTask<C extends AbstractConfig> extends SinkTask {
  /** A record that the service will never take. */
  record BadRecord(SinkRecord record, DataException reason) {}

  private final Logger log = LoggerFactory.getLogger(getClass());
  private C config;
  private HttpTarget target;
  private long backoffMs;
  private long outageStart;

  abstract C configOf(Map<String, String> settings);

  /**
   * Writes records in their order; safe to repeat.
   *
   * @return those that the service will never take
   * @throws RetriableException when some may be taken later
   */
  abstract List<BadRecord> write(List<SinkRecord> records);

  C config() {
    return config;
  }

  HttpTarget target() {
    return target;
  }

  @Override
  public String version() {
    return Version.VERSION;
  }

  @Override
  public void start(Map<String, String> settings) {
    config = configOf(settings);
    target = Connection.target(config);
    backoffMs = config.getInt(Connection.RETRY_BACKOFF_MS);
  }

  @Override
  public void stop() {}

  @Override
  public void put(Collection<SinkRecord> records) {
    if (records.isEmpty()) return;
    List<SinkRecord> all = List.copyOf(records);
    int size = config.getInt(Connection.BATCH_SIZE);
    List<BadRecord> bad = new ArrayList<>();
    try {
      for (int from = 0; from < all.size(); from += size) {
        bad.addAll(write(all.subList(from, Math.min(from + size, all.size()))));
      }
    } catch (RetriableException error) {
      waitBeforeNext(error);
      throw error;
    }
    goOn();
    // At the end, for records are reported once then, however often the batch was sent.
    bad.forEach(this::report);
  }

  private void waitBeforeNext(RetriableException error) {
    long now = System.currentTimeMillis();
    if (outageStart == 0) {
      outageStart = now;
      log.warn("{}; trying again until it does", error.getMessage());
    } else {
      log.debug("{}; for {} s now", error.getMessage(), (now - outageStart) / 1000);
    }
    context.timeout(backoffMs);
    backoffMs = Math.min(backoffMs * 2, config.getInt(Connection.RETRY_BACKOFF_MAX_MS));
  }

  private void goOn() {
    if (outageStart == 0) return;
    log.info("records are taken again, after {} s", (System.currentTimeMillis() - outageStart) / 1000);
    outageStart = 0;
    backoffMs = config.getInt(Connection.RETRY_BACKOFF_MS);
  }

  private void report(BadRecord bad) {
    ErrantRecordReporter reporter = reporter();
    if (reporter == null) {
      throw new ConnectException("a record cannot be stored, and errors.tolerance is not \"all\": " + position(bad),
          bad.reason());
    }
    log.warn("a record cannot be stored and goes to the dead-letter queue: {}: {}", position(bad),
        bad.reason().getMessage());
    reporter.report(bad.record(), bad.reason());
  }

  private ErrantRecordReporter reporter() {
    try {
      return context.errantRecordReporter();
    } catch (NoSuchMethodError | NoClassDefFoundError error) {
      // Workers before Kafka 2.6 have none.
      return null;
    }
  }

  private static String position(BadRecord bad) {
    SinkRecord record = bad.record();
    return record.topic() + "-" + record.kafkaPartition() + "@" + record.kafkaOffset();
  }
}
