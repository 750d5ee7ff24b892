package millrace.oracle;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Reads cases from standard input, one a line, and answers each with a line: its outputs, or the error. */
public final class Main {
    private Main() {
    }

    public static void main(final String[] args) throws Exception {
        // Halves of characters are no UTF-8: what is not ASCII is escaped.
        final ObjectMapper mapper = JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
        final PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        final BufferedReader cases = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = cases.readLine(); line != null; line = cases.readLine()) {
            final ObjectNode answer = mapper.createObjectNode();
            try {
                final JsonNode asked = mapper.readTree(line);
                answer.set("steps", CaseRun.run(asked, mapper, args[0]));
            } catch (final Exception error) {
                answer.removeAll();
                answer.put("error", describe(error));
            }
            answers.println(mapper.writeValueAsString(answer));
            answers.flush();
        }
    }

    private static String describe(final Throwable error) {
        final String cause = error.getCause() == null ? "" : "; cause: " + describe(error.getCause());
        final StackTraceElement[] trace = error.getStackTrace();
        return error + (trace.length == 0 ? "" : " at " + trace[0]) + cause;
    }
}
