package millrace.peers.flink;

import millrace.peers.Request;
import millrace.peers.RequestDecoder;
import org.apache.avro.Schema;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;

/** Decodes the values of the raw topic. */
final class RequestSchema extends AbstractDeserializationSchema<Request> {
  private final String written;
  private final String read;
  private transient RequestDecoder decoder;

  RequestSchema(Schema written, Schema read) {
    super(Request.class);
    this.written = written.toString();
    this.read = read.toString();
  }

  @Override
  public void open(InitializationContext context) {
    decoder = new RequestDecoder(new Schema.Parser().parse(written), new Schema.Parser().parse(read));
  }

  @Override
  public Request deserialize(byte[] framed) {
    return decoder.decode(framed);
  }
}
