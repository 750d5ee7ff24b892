package millrace.peers.flink;

import millrace.peers.Request;
import org.apache.flink.api.common.functions.AggregateFunction;

/** How many requests. */
final class Count implements AggregateFunction<Request, Long, Long> {
  @Override
  public Long createAccumulator() {
    return 0L;
  }

  @Override
  public Long add(Request request, Long count) {
    return count + 1;
  }

  @Override
  public Long getResult(Long count) {
    return count;
  }

  @Override
  public Long merge(Long left, Long right) {
    return left + right;
  }
}
