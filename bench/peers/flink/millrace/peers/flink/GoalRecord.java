package millrace.peers.flink;

/** A result as it goes to its topic. */
public final class GoalRecord {
  /** The entity and the window's start. */
  public String key;
  public byte[] value;

  public GoalRecord() {}

  GoalRecord(String entity, long windowStart, byte[] value) {
    this.key = entity + "@" + windowStart;
    this.value = value;
  }
}
