package millrace.connect;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;

/** A service that takes batches over HTTP. */
final class HttpTarget {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final int SHOWN_CHARACTERS = 500;

  /** What the service said, when that is about the batch and neither about its own state nor about who asks. */
  record Answer(int status, String body) {
    boolean isSuccess() {
      return status >= 200 && status < 300;
    }

    /** Whether a part of the batch may be taken: it is too large, or something in it is wrong. */
    boolean blamesBatch() {
      return status == 400 || status == 413;
    }

    String summary() {
      return "HTTP " + status + ": " + shorten(body);
    }
  }

  private final HttpClient client = HttpClient.newBuilder()
      .connectTimeout(CONNECT_TIMEOUT)
      .version(HttpClient.Version.HTTP_1_1)
      .build();
  private final List<URI> urls;
  private final String authorization;
  private final Duration readTimeout;
  private int current;

  HttpTarget(List<URI> urls, String username, String password, int readTimeoutMs) {
    this.urls = urls;
    this.readTimeout = Duration.ofMillis(readTimeoutMs);
    byte[] credentials = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
    this.authorization = username.isEmpty() ? null : "Basic " + Base64.getEncoder().encodeToString(credentials);
  }

  /**
   * Sends a batch once.
   *
   * @throws RetriableException when the service is away, busy or broken
   * @throws ConnectException when it refuses the user
   */
  Answer post(String path, String contentType, byte[] body) {
    URI url = urls.get(current).resolve(path);
    HttpRequest.Builder request = HttpRequest.newBuilder(url)
        .timeout(readTimeout)
        .header("Content-Type", contentType)
        .POST(BodyPublishers.ofByteArray(body));
    if (authorization != null) request.header("Authorization", authorization);
    HttpResponse<String> response;
    try {
      response = client.send(request.build(), BodyHandlers.ofString());
    } catch (IOException error) {
      throw away(url, error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage(), error);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new RetriableException("interrupted while writing to " + url.getAuthority(), error);
    }
    int status = response.statusCode();
    if (status == 401 || status == 403) {
      throw new ConnectException(
          url.getAuthority() + " refuses the user (HTTP " + status + "): " + shorten(response.body()));
    }
    if (status == 408 || status == 429 || status >= 500) {
      throw away(url, "HTTP " + status + ": " + shorten(response.body()), null);
    }
    return new Answer(status, response.body());
  }

  private RetriableException away(URI url, String why, Exception cause) {
    current = (current + 1) % urls.size();
    return new RetriableException(url.getAuthority() + " takes nothing now: " + why, cause);
  }

  private static String shorten(String text) {
    String line = text.strip();
    return line.length() <= SHOWN_CHARACTERS ? line : line.substring(0, SHOWN_CHARACTERS) + "…";
  }
}
