package millrace.peers.flink;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import millrace.peers.Request;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;

/** The goals in Flink SQL, whose windows share slices and are aggregated in two phases. */
final class SqlGoals implements Goals {
  private final StreamTableEnvironment tables;
  private final GoalResults results;

  SqlGoals(StreamExecutionEnvironment environment, DataStream<Request> requests, GoalResults results) {
    this.results = results;
    tables = StreamTableEnvironment.create(environment);
    tables.getConfig().setLocalTimeZone(ZoneOffset.UTC);
    tables.createTemporaryView("requests", requests, Schema.newBuilder()
        .columnByExpression("requested_at", "TO_TIMESTAMP_LTZ(`timestamp`, 3)")
        .watermark("requested_at", "SOURCE_WATERMARK()")
        .build());
  }

  @Override
  public DataStream<GoalRecord> abusiveClients() {
    return counts(1, """
        SELECT clientIp, window_start, window_end, COUNT(*)
        FROM HOP(TABLE requests, DESCRIPTOR(requested_at), INTERVAL '1' SECOND, INTERVAL '20' SECOND)
        GROUP BY clientIp, window_start, window_end
        HAVING COUNT(*) > 10
        """);
  }

  @Override
  public DataStream<GoalRecord> hostsWithClientErrors() {
    return counts(2, """
        SELECT host, window_start, window_end, COUNT(*)
        FROM HOP(TABLE requests, DESCRIPTOR(requested_at), INTERVAL '1' SECOND, INTERVAL '30' SECOND)
        WHERE status BETWEEN 400 AND 499
        GROUP BY host, window_start, window_end
        HAVING COUNT(*) > 15
        """);
  }

  @Override
  public DataStream<GoalRecord> successesByCountry() {
    return counts(3, """
        SELECT country, window_start, window_end, COUNT(*)
        FROM TUMBLE(TABLE requests, DESCRIPTOR(requested_at), INTERVAL '1' MINUTE)
        WHERE status BETWEEN 200 AND 299
        GROUP BY country, window_start, window_end
        """);
  }

  @Override
  public DataStream<GoalRecord> meanRequestTimeByHost() {
    GoalResults results = this.results;
    return rows("""
        SELECT host, window_start, window_end, COUNT(*), AVG(requestTime)
        FROM TUMBLE(TABLE requests, DESCRIPTOR(requested_at), INTERVAL '1' MINUTE)
        WHERE requestTime IS NOT NULL
        GROUP BY host, window_start, window_end
        """)
        .map(row -> results.mean(4, entity(row), start(row), end(row), count(row), (double) row.getField(4)))
        .returns(GoalRecord.class);
  }

  private DataStream<GoalRecord> counts(int goal, String query) {
    // What is sent to the cluster is not to hold this object.
    GoalResults results = this.results;
    return rows(query)
        .map(row -> results.count(goal, entity(row), start(row), end(row), count(row)))
        .returns(GoalRecord.class);
  }

  private DataStream<Row> rows(String query) {
    return tables.toDataStream(tables.sqlQuery(query));
  }

  private static String entity(Row row) {
    return (String) row.getField(0);
  }

  private static long start(Row row) {
    return milliseconds(row.getField(1));
  }

  private static long end(Row row) {
    return milliseconds(row.getField(2));
  }

  private static long count(Row row) {
    return (long) row.getField(3);
  }

  private static long milliseconds(Object time) {
    return ((LocalDateTime) time).toInstant(ZoneOffset.UTC).toEpochMilli();
  }
}
