import { SpanStatusCode } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { LogError, Streams, StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { until } from '../../../until.js';

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { exporter, tracer: provider.getTracer('test') };
}

async function started(options: Partial<ConstructorParameters<typeof Streams>[1]>, log: EmbeddedLog) {
  for (const topic of ['in', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  const builder = new StreamsBuilder();
  const strings = { key: stringSerde, value: stringSerde };
  builder.stream('in', strings).to('out', strings);
  const streams = new Streams(builder.build(), { applicationId: 'traced', log, commitInterval: 10, ...options });
  await streams.start();
  return streams;
}

async function write(log: EmbeddedLog, timestamp: number): Promise<void> {
  const transaction = log.transaction();
  transaction.append('in', 0, timestamp, null, Buffer.from('x'));
  await transaction.commit();
}

describe('spans of OpenTelemetry', () => {
  it('tell of polls that brought records, of processing and of commits', async () => {
    const { exporter, tracer } = tracing();
    const log = await EmbeddedLog.inMemory();
    const streams = await started({ tracer }, log);
    await write(log, 1);
    await until(() => exporter.getFinishedSpans().some(({ name }) => name === 'commit'));
    await streams.close();
    const spans = exporter.getFinishedSpans();
    expect(spans.slice(0, 3).map(({ name }) => name)).toEqual(['poll', 'process', 'commit']);
    const [poll, process, commit] = spans;
    expect(poll?.attributes).toEqual({ 'millrace.batches': 1 });
    expect(process?.attributes).toEqual({ 'millrace.batches': 1 });
    expect(commit?.attributes).toMatchObject({ 'millrace.tasks': 1 });
    expect(commit?.attributes['millrace.bytes']).toBeGreaterThan(0);
    await log.close();
  });

  it('say what a commit failed with', async () => {
    const { exporter, tracer } = tracing();
    const log = await EmbeddedLog.inMemory();
    const streams = await started({ tracer, uncaughtExceptionHandler: () => 'shutdown-client' }, log);
    const begin = log.transaction.bind(log);
    await write(log, 1);
    log.transaction = () =>
      Object.assign(begin(), { commit: () => Promise.reject(new LogError('LOG_IO', 'the disk is gone')) });
    await until(async () => {
      if (streams.state !== 'ERROR') {
        const transaction = begin();
        transaction.append('in', 0, 1, null, Buffer.from('x'));
        await transaction.commit();
      }
      return exporter.getFinishedSpans().some(({ status }) => status.code === SpanStatusCode.ERROR);
    });
    const failed = exporter.getFinishedSpans().find(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed).toMatchObject({ name: 'commit', status: { message: 'the disk is gone' } });
    expect(failed?.events.map(({ name }) => name)).toEqual(['exception']);
    await streams.close().catch(() => {});
    await log.close();
  });
});

it('the time from a record to its durable result is counted once a commit and source partition', async () => {
  const log = await EmbeddedLog.inMemory();
  const streams = await started({ now: () => 5000 }, log);
  const counted = async () => (await streams.runtimeMetrics()).end_to_end;
  await write(log, 4700);
  await until(async () => (await counted()).count === 1);
  await write(log, 4995);
  await until(async () => (await counted()).count === 2);
  await streams.close();
  const { buckets, sum_ms: sum } = await counted();
  expect(sum).toBe(305);
  // 300 ms and 5 ms, cumulative.
  expect(buckets.slice(0, 5)).toEqual([
    { le: 10, count: 1 },
    { le: 50, count: 1 },
    { le: 100, count: 1 },
    { le: 200, count: 1 },
    { le: 500, count: 2 },
  ]);
  await log.close();
});
