package millrace.connect;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.SinkRecord;

/** Sends records to {@code /write}, and finds the bad ones by halving a batch that is refused. */
public final class InfluxSinkTask extends BatchSinkTask<InfluxSinkConfig> {
  private static final int STATUS_MISSING = 404;

  /** A record and its line. */
  private record Point(SinkRecord record, String line) {}

  private LineProtocol lines;
  private String path;

  @Override
  InfluxSinkConfig configOf(Map<String, String> settings) {
    return new InfluxSinkConfig(settings);
  }

  @Override
  public void start(Map<String, String> settings) {
    super.start(settings);
    lines = new LineProtocol(config());
    String policy = config().getString(InfluxSinkConfig.RETENTION_POLICY);
    path = "write?precision=ms&db=" + encode(config().getString(InfluxSinkConfig.DATABASE))
        + (policy.isEmpty() ? "" : "&rp=" + encode(policy));
  }

  @Override
  List<BadRecord> write(List<SinkRecord> records) {
    List<BadRecord> bad = new ArrayList<>();
    List<Point> points = new ArrayList<>();
    for (SinkRecord record : records) {
      // A record without a value says that its key is gone: points stay.
      if (record.value() == null) continue;
      try {
        points.add(new Point(record, lines.of(record)));
      } catch (DataException error) {
        bad.add(new BadRecord(record, error));
      }
    }
    if (!points.isEmpty()) send(points, bad);
    return bad;
  }

  private void send(List<Point> points, List<BadRecord> bad) {
    StringBuilder body = new StringBuilder();
    for (Point point : points) body.append(point.line()).append('\n');
    HttpTarget.Answer answer = target().post(path, "text/plain; charset=utf-8", body.toString().getBytes(StandardCharsets.UTF_8));
    if (answer.isSuccess()) return;
    // A database can be made while it waits.
    if (answer.status() == STATUS_MISSING) {
      throw new RetriableException("InfluxDB takes nothing now: " + answer.summary());
    }
    if (!answer.blamesBatch()) throw new ConnectException("InfluxDB refuses the request: " + answer.summary());
    if (points.size() == 1) {
      DataException reason = new DataException("InfluxDB refuses the point: " + answer.summary());
      bad.add(new BadRecord(points.get(0).record(), reason));
      return;
    }
    // It names no line. Points that it took are written again, over themselves.
    int middle = points.size() / 2;
    send(points.subList(0, middle), bad);
    send(points.subList(middle, points.size()), bad);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
