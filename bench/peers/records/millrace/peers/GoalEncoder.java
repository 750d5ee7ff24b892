package millrace.peers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Encodes the results of a goal as the pipeline under comparison does: Avro in Confluent's wire format. */
public final class GoalEncoder {
  private static final int TYPICAL_BYTES = 64;

  private final Schema schema;
  private final byte[] header;
  private final GenericDatumWriter<GenericRecord> writer;

  public GoalEncoder(Schema schema, int schemaId) {
    this.schema = schema;
    this.header = ByteBuffer.allocate(5).put((byte) 0).putInt(schemaId).array();
    this.writer = new GenericDatumWriter<>(schema, new GenericData());
  }

  public byte[] encode(String entity, long windowStart, long windowEnd, long count) {
    return encode(record(entity, windowStart, windowEnd, count));
  }

  public byte[] encode(String entity, long windowStart, long windowEnd, long count, double mean) {
    GenericRecord record = record(entity, windowStart, windowEnd, count);
    record.put("avg_request_time", mean);
    return encode(record);
  }

  private GenericRecord record(String entity, long windowStart, long windowEnd, long count) {
    GenericRecord record = new GenericData.Record(schema);
    // The first field is the client's, host's or country's.
    record.put(0, entity);
    record.put("window_start", windowStart);
    record.put("window_end", windowEnd);
    record.put("count", count);
    return record;
  }

  private byte[] encode(GenericRecord record) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(TYPICAL_BYTES);
    bytes.writeBytes(header);
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
    try {
      writer.write(record, encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
