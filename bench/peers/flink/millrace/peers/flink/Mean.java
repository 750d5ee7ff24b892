package millrace.peers.flink;

import millrace.peers.Request;
import org.apache.flink.api.common.functions.AggregateFunction;

/** A sum and how many it is of. */
public final class Mean {
  public double sum;
  public long count;

  /** Of the requests' times. */
  static final class OfRequestTime implements AggregateFunction<Request, Mean, Mean> {
    @Override
    public Mean createAccumulator() {
      return new Mean();
    }

    @Override
    public Mean add(Request request, Mean mean) {
      mean.sum += request.requestTime;
      mean.count++;
      return mean;
    }

    @Override
    public Mean getResult(Mean mean) {
      return mean;
    }

    @Override
    public Mean merge(Mean left, Mean right) {
      left.sum += right.sum;
      left.count += right.count;
      return left;
    }
  }
}
