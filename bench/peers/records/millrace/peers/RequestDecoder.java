package millrace.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Decodes requests in Confluent's wire format: five bytes, then the Avro binary. Only the fields of the reader's schema
 * are decoded, into objects that are used again. For one thread.
 */
public final class RequestDecoder {
  private static final int HEADER_BYTES = 5;

  private final GenericDatumReader<GenericRecord> reader;
  private final int clientIp;
  private final int host;
  private final int country;
  private final int status;
  private final int requestTime;
  private final int timestamp;
  private BinaryDecoder decoder;
  private GenericRecord record;

  public RequestDecoder(Schema writerSchema, Schema readerSchema) {
    // Without conversions of logical types: a timestamp is read as the long that it is.
    reader = new GenericDatumReader<>(writerSchema, readerSchema, new GenericData());
    clientIp = readerSchema.getField("client_ip").pos();
    host = readerSchema.getField("host").pos();
    country = readerSchema.getField("country").pos();
    status = readerSchema.getField("status").pos();
    requestTime = readerSchema.getField("request_time").pos();
    timestamp = readerSchema.getField("timestamp").pos();
  }

  public Request decode(byte[] framed) {
    decoder = DecoderFactory.get().binaryDecoder(framed, HEADER_BYTES, framed.length - HEADER_BYTES, decoder);
    try {
      record = reader.read(record, decoder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Request request = new Request();
    request.clientIp = record.get(clientIp).toString();
    request.host = record.get(host).toString();
    request.country = record.get(country).toString();
    request.status = (int) record.get(status);
    request.requestTime = (Double) record.get(requestTime);
    request.timestamp = (long) record.get(timestamp);
    return request;
  }
}
