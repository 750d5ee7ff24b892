package millrace.peers;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.Schema;

/** What a program is told by <code>name=value</code> arguments. */
public final class Arguments {
  private final Properties values = new Properties();

  public Arguments(String[] args) {
    for (String arg : args) {
      int equals = arg.indexOf('=');
      values.setProperty(arg.substring(0, equals), arg.substring(equals + 1));
    }
  }

  public String get(String name) {
    String value = values.getProperty(name);
    if (value == null) throw new IllegalArgumentException(name + "=… is missing");
    return value;
  }

  public Set<Integer> goals() {
    return Arrays.stream(get("goals").split(",")).map(Integer::valueOf).collect(Collectors.toSet());
  }

  public Duration duration(String name) {
    return Duration.ofMillis(Long.parseLong(get(name)));
  }

  public Schema schema(String name) throws IOException {
    return new Schema.Parser().parse(Files.readString(Path.of(get(name))));
  }

  /** The properties of the file that the argument names. */
  public Properties properties(String name) throws IOException {
    Properties properties = new Properties();
    try (Reader file = Files.newBufferedReader(Path.of(get(name)))) {
      properties.load(file);
    }
    return properties;
  }
}
