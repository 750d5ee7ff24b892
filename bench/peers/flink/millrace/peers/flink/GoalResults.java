package millrace.peers.flink;

import millrace.peers.GoalEncoder;
import org.apache.avro.Schema;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Makes the record of a window that is complete. */
abstract class GoalResults<T> extends ProcessWindowFunction<T, GoalRecord, String, TimeWindow> {
  private final String schema;
  private final int schemaId;
  protected transient GoalEncoder encoder;

  GoalResults(Schema schema, int schemaId) {
    this.schema = schema.toString();
    this.schemaId = schemaId;
  }

  @Override
  public void open(OpenContext context) {
    encoder = new GoalEncoder(new Schema.Parser().parse(schema), schemaId);
  }

  /** Counts above a threshold. */
  static final class OfCounts extends GoalResults<Long> {
    private final long threshold;

    OfCounts(Schema schema, int schemaId, long threshold) {
      super(schema, schemaId);
      this.threshold = threshold;
    }

    @Override
    public void process(String entity, Context context, Iterable<Long> counts, Collector<GoalRecord> results) {
      long count = counts.iterator().next();
      TimeWindow window = context.window();
      if (count <= threshold) return;
      byte[] value = encoder.encode(entity, window.getStart(), window.getEnd(), count);
      results.collect(new GoalRecord(entity, window.getStart(), value));
    }
  }

  /** Means. */
  static final class OfMeans extends GoalResults<Mean> {
    OfMeans(Schema schema, int schemaId) {
      super(schema, schemaId);
    }

    @Override
    public void process(String entity, Context context, Iterable<Mean> means, Collector<GoalRecord> results) {
      Mean mean = means.iterator().next();
      TimeWindow window = context.window();
      byte[] value = encoder.encode(entity, window.getStart(), window.getEnd(), mean.count, mean.sum / mean.count);
      results.collect(new GoalRecord(entity, window.getStart(), value));
    }
  }
}
