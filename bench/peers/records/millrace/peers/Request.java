package millrace.peers;

/** What the goals need of a request. Public fields and an empty constructor: what Flink takes for a POJO. */
public final class Request {
  public String clientIp;
  public String host;
  public String country;
  public int status;
  /** In seconds; null where it is not known. */
  public Double requestTime;
  /** In milliseconds since the epoch. */
  public long timestamp;

  public boolean isSuccess() {
    return status >= 200 && status <= 299;
  }

  public boolean isClientError() {
    return status >= 400 && status <= 499;
  }

  public boolean hasRequestTime() {
    return requestTime != null;
  }
}
