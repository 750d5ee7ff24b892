/** What is used of a span of OpenTelemetry's API. */
export interface StreamsSpan {
  recordException(error: Error): void;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

/** What is used of a `Tracer` of OpenTelemetry's API: `trace.getTracer(name)` is one. */
export interface StreamsTracer {
  startSpan(
    name: string,
    options?: { readonly attributes?: Record<string, string | number>; readonly startTime?: number },
  ): StreamsSpan;
}

/** OpenTelemetry's SpanStatusCode. */
const ERROR = 2;

/** Does the work in a span of its own. */
export function inSpan<T>(
  tracer: StreamsTracer,
  name: string,
  attributes: Record<string, string | number>,
  work: () => Promise<T>,
): Promise<T> {
  const span = tracer.startSpan(name, { attributes });
  return work()
    .catch((error: unknown) => {
      span.recordException(error as Error);
      span.setStatus({ code: ERROR, message: (error as Error).message });
      throw error;
    })
    .finally(() => span.end());
}
