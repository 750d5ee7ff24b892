import type { Log, LogConsumer, RecordCursor } from '@millrace/streams';
import type { Command } from 'commander';
import { RecordDecoder } from '../../app/results/record-decoder.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { wholeNumber } from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { onNobodyReads, printInTurn, say } from '../terminal/output.js';
import { number } from '../terminal/quantities.js';
import { SafeText, safe } from '../terminal/safe-text.js';

interface ConsumeOptions extends ConnectionOptions {
  readonly fromBeginning?: boolean;
  readonly max?: number;
  readonly latestByKey?: boolean;
  readonly follow?: boolean;
}

export function consumeCommand(program: Command): Command {
  const command = program
    .command('consume')
    .description("print a topic's records as JSON lines, also while a pipeline runs on the directory")
    .argument('<topic>')
    .option('--from-beginning', 'print the records in the topic, then end (default: wait for new records)')
    .option('--follow', 'with --from-beginning: then wait for new records')
    .option('--latest-by-key', 'print the last record of each key that was not deleted, then end')
    .option('--max <records>', 'stop after this many records', wholeNumber(1));
  return addConnection(command).action(consume);
}

async function consume(topic: string, options: ConsumeOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  onNobodyReads(() => process.exit(0));
  const data = await connect(options, { runs: 'reader' }, stop.signal);
  try {
    const fromStart = options.fromBeginning || options.latestByKey;
    const consumer = data.log.consumer();
    const left = await assign(data.log, consumer, topic, fromStart ?? false);
    const decoder = new RecordDecoder(data.schemas);
    const endsAtEnd = fromStart && !(options.follow && !options.latestByKey);
    const latest = new Map<string, SafeText>();
    let printed = 0;
    reading: while (!stop.signal.aborted && !(endsAtEnd && left.size === 0)) {
      for (const cursor of await consumer.poll(100)) {
        if (cursor.gap !== undefined) say(gapText(cursor));
        while (cursor.next()) {
          const line = SafeText.json(await decoder.decode(cursor));
          if (options.latestByKey) {
            const { keyBytes, keyStart, keyEnd, valueStart } = cursor;
            const key =
              keyStart < 0 ? `${cursor.partition}@${cursor.offset}` : keyBytes.toString('latin1', keyStart, keyEnd);
            if (valueStart < 0) latest.delete(key);
            else latest.set(key, line);
            continue;
          }
          await printInTurn(line);
          if (++printed === options.max) break reading;
        }
        const end = left.get(cursor.partition);
        if (end !== undefined && cursor.nextOffset >= end) left.delete(cursor.partition);
      }
    }
    for (const line of latest.values()) {
      if (options.max !== undefined && printed++ >= options.max) break;
      await printInTurn(line);
    }
  } finally {
    await data.close();
  }
}

/** What is said of records that are gone. */
function gapText({ gap, nextOffset, offset, partition, topic }: RecordCursor): SafeText {
  const records = safe`${topic}-${partition}: offsets ${number(offset + 1)} to ${number(nextOffset - 1)}`;
  return gap === 'lost'
    ? safe`${records} were lost with a damaged file, as \`millrace log repair\` has said; going on at ${number(nextOffset)}`
    : safe`${records} were deleted meanwhile, by retention; going on at ${number(nextOffset)}`;
}

/** Assigns all partitions. @returns the end of each that holds records to read now */
async function assign(
  log: Log,
  consumer: LogConsumer,
  topic: string,
  fromStart: boolean,
): Promise<Map<number, number>> {
  const partitions = await log.partitions(topic);
  if (partitions === undefined) {
    throw new UsageError(`there is no topic "${topic}"; there are: ${(await log.topics()).join(', ')}`);
  }
  const left = new Map<number, number>();
  for (let partition = 0; partition < partitions; partition++) {
    const start = await log.startOffset({ topic, partition });
    const end = await log.endOffset({ topic, partition });
    consumer.assign({ topic, partition }, fromStart ? start : end);
    if (fromStart && end > start) left.set(partition, end);
  }
  return left;
}
