package millrace.peers.flink;

import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import millrace.peers.Arguments;
import millrace.peers.GoalEncoder;
import org.apache.avro.Schema;

/** Makes the goals' records, wherever Flink sends it to. */
final class GoalResults implements Serializable {
  private final Map<Integer, String> schemas = new HashMap<>();
  private final Map<Integer, Integer> schemaIds = new HashMap<>();
  private transient Map<Integer, GoalEncoder> encoders;

  GoalResults(Arguments arguments) throws IOException {
    for (int goal : arguments.goals()) {
      schemas.put(goal, arguments.schema("schema" + goal).toString());
      schemaIds.put(goal, Integer.valueOf(arguments.get("schemaId" + goal)));
    }
  }

  GoalRecord count(int goal, String entity, long windowStart, long windowEnd, long count) {
    return new GoalRecord(entity, windowStart, encoder(goal).encode(entity, windowStart, windowEnd, count));
  }

  GoalRecord mean(int goal, String entity, long windowStart, long windowEnd, long count, double mean) {
    return new GoalRecord(entity, windowStart, encoder(goal).encode(entity, windowStart, windowEnd, count, mean));
  }

  private GoalEncoder encoder(int goal) {
    if (encoders == null) encoders = new HashMap<>();
    return encoders.computeIfAbsent(
        goal, it -> new GoalEncoder(new Schema.Parser().parse(schemas.get(it)), schemaIds.get(it)));
  }
}
