package millrace.peers.flink;

import java.time.Duration;
import millrace.peers.Request;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** The goals in the DataStream API. */
final class DataStreamGoals implements Goals {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final DataStream<Request> requests;
  private final GoalResults results;

  DataStreamGoals(DataStream<Request> requests, GoalResults results) {
    this.requests = requests;
    this.results = results;
  }

  @Override
  public DataStream<GoalRecord> abusiveClients() {
    return counts(1, requests, request -> request.clientIp, SlidingEventTimeWindows.of(Duration.ofSeconds(20), SECOND), 10);
  }

  @Override
  public DataStream<GoalRecord> hostsWithClientErrors() {
    DataStream<Request> errors = requests.filter(Request::isClientError);
    return counts(2, errors, request -> request.host, SlidingEventTimeWindows.of(Duration.ofSeconds(30), SECOND), 15);
  }

  @Override
  public DataStream<GoalRecord> successesByCountry() {
    DataStream<Request> successes = requests.filter(Request::isSuccess);
    return counts(3, successes, request -> request.country, TumblingEventTimeWindows.of(MINUTE), 0);
  }

  @Override
  public DataStream<GoalRecord> meanRequestTimeByHost() {
    return requests
        .filter(Request::hasRequestTime)
        .keyBy(request -> request.host)
        .window(TumblingEventTimeWindows.of(MINUTE))
        .aggregate(new Mean.OfRequestTime(), new SendMean(results));
  }

  private DataStream<GoalRecord> counts(
      int goal,
      DataStream<Request> counted,
      KeySelector<Request, String> entity,
      WindowAssigner<Object, TimeWindow> windows,
      long threshold) {
    return counted.keyBy(entity).window(windows).aggregate(new Count(), new SendCount(results, goal, threshold));
  }

  private static final class SendCount extends ProcessWindowFunction<Long, GoalRecord, String, TimeWindow> {
    private final GoalResults results;
    private final int goal;
    private final long threshold;

    SendCount(GoalResults results, int goal, long threshold) {
      this.results = results;
      this.goal = goal;
      this.threshold = threshold;
    }

    @Override
    public void process(String entity, Context context, Iterable<Long> counts, Collector<GoalRecord> records) {
      long count = counts.iterator().next();
      TimeWindow window = context.window();
      if (count > threshold) records.collect(results.count(goal, entity, window.getStart(), window.getEnd(), count));
    }
  }

  private static final class SendMean extends ProcessWindowFunction<Mean, GoalRecord, String, TimeWindow> {
    private final GoalResults results;

    SendMean(GoalResults results) {
      this.results = results;
    }

    @Override
    public void process(String entity, Context context, Iterable<Mean> means, Collector<GoalRecord> records) {
      Mean mean = means.iterator().next();
      TimeWindow window = context.window();
      records.collect(
          results.mean(4, entity, window.getStart(), window.getEnd(), mean.count, mean.sum / mean.count));
    }
  }
}
