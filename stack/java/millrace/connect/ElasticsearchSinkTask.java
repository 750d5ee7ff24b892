package millrace.connect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends records to {@code _bulk} and looks at what became of each. */
public final class ElasticsearchSinkTask extends BatchSinkTask<ElasticsearchSinkConfig> {
  private static final Logger LOG = LoggerFactory.getLogger(ElasticsearchSinkTask.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  // The answer's items are told by their order, so no more of it is wanted than what went wrong.
  private static final String BULK = "_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,"
      + "items.*.error.caused_by.reason";
  private static final int STATUS_BAD = 400;
  private static final int STATUS_MISSING = 404;
  private static final int STATUS_CONFLICT = 409;

  private BulkActions actions;

  @Override
  ElasticsearchSinkConfig configOf(Map<String, String> settings) {
    return new ElasticsearchSinkConfig(settings);
  }

  @Override
  public void start(Map<String, String> settings) {
    super.start(settings);
    actions = new BulkActions(config());
  }

  @Override
  List<BadRecord> write(List<SinkRecord> records) {
    List<BadRecord> bad = new ArrayList<>();
    List<SinkRecord> batch = new ArrayList<>();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (SinkRecord record : records) {
      byte[] action;
      try {
        action = actions.of(record);
      } catch (DataException error) {
        bad.add(new BadRecord(record, error));
        continue;
      }
      if (action == null) continue;
      batch.add(record);
      body.writeBytes(action);
      if (body.size() >= config().getInt(ElasticsearchSinkConfig.BULK_SIZE_BYTES)) {
        send(batch, body.toByteArray(), bad);
        batch.clear();
        body.reset();
      }
    }
    if (!batch.isEmpty()) send(batch, body.toByteArray(), bad);
    return bad;
  }

  private void send(List<SinkRecord> batch, byte[] body, List<BadRecord> bad) {
    HttpTarget.Answer answer = target().post(BULK, "application/x-ndjson", body);
    if (answer.blamesBatch()) {
      sendHalves(batch, answer, bad);
      return;
    }
    if (!answer.isSuccess()) throw new ConnectException("Elasticsearch refuses the request: " + answer.summary());
    JsonNode result = parse(answer);
    JsonNode items = result.path("items");
    if (!items.isArray() || items.size() != batch.size()) {
      throw new ConnectException("this is not an answer of Elasticsearch's _bulk: " + answer.summary());
    }
    if (result.path("errors").asBoolean()) examine(batch, items, bad);
  }

  /** Every document is looked at before any is sent again, so that the bad ones are known. */
  private void examine(List<SinkRecord> batch, JsonNode items, List<BadRecord> bad) {
    List<BadRecord> refused = new ArrayList<>();
    int older = 0;
    String later = null;
    for (int i = 0; i < batch.size(); i++) {
      JsonNode item = items.get(i).elements().next();
      int status = item.path("status").asInt();
      // A document that is to be deleted and is not there has no error.
      if (status < 300 || (status == STATUS_MISSING && !item.has("error"))) continue;
      String type = item.path("error").path("type").asText();
      String reason = reason(item.path("error"));
      if (status == STATUS_CONFLICT) older++;
      else if (status == STATUS_BAD && !type.equals("index_closed_exception")) {
        refused.add(new BadRecord(batch.get(i), new DataException("Elasticsearch refuses the document: " + reason)));
      } else if (later == null) later = reason + " (HTTP " + status + ")";
    }
    if (later != null) throw new RetriableException("Elasticsearch takes not all documents now: " + later);
    if (older > 0) {
      LOG.warn("{} records were older than their documents, which stay. If the topic was made anew, delete its index.",
          older);
    }
    bad.addAll(refused);
  }

  /** For a batch that is refused as a whole, without a word on which document it is for. */
  private void sendHalves(List<SinkRecord> batch, HttpTarget.Answer answer, List<BadRecord> bad) {
    if (batch.size() == 1) {
      bad.add(new BadRecord(batch.get(0), new DataException("Elasticsearch refuses the document: " + answer.summary())));
      return;
    }
    int middle = batch.size() / 2;
    for (List<SinkRecord> half : List.of(batch.subList(0, middle), batch.subList(middle, batch.size()))) {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      for (SinkRecord record : half) body.writeBytes(actions.of(record));
      send(half, body.toByteArray(), bad);
    }
  }

  private static String reason(JsonNode error) {
    String cause = error.path("caused_by").path("reason").asText();
    return error.path("type").asText() + ": " + error.path("reason").asText() + (cause.isEmpty() ? "" : ": " + cause);
  }

  private static JsonNode parse(HttpTarget.Answer answer) {
    try {
      return JSON.readTree(answer.body());
    } catch (JsonProcessingException error) {
      throw new ConnectException("this is not an answer of Elasticsearch's _bulk: " + answer.summary(), error);
    }
  }
}
