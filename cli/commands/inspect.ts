import type { Command } from 'commander';
import { inspectFile } from '../../app/ingestion/inspect-file.js';
import { inspectTopic } from '../../app/ingestion/inspect-topic.js';
import { InspectedNames } from '../../app/ingestion/inspected-names.js';
import { ProducerError } from '../../producer/producer-error.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { type LineReadingOptions, requireLogFormat, wholeNumber } from '../options/options.js';
import { inspectionText } from '../terminal/inspection-text.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { onNobodyReads, print, say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';

interface InspectOptions
  extends ConnectionOptions,
    Pick<LineReadingOptions, 'logFormat' | 'map' | 'service' | 'timeZone'> {
  readonly lines: number;
  readonly fromBeginning?: boolean;
}

export function inspectCommand(program: Command): Command {
  const command = program
    .command('inspect')
    .description(
      'show how the lines of files, or the records of topics, are read, field by field, and which are refused and why; ' +
        'writes nothing',
    )
    .argument(
      '<names...>',
      'files, also compressed; - for standard input; topics. Where there is a file and a topic of a name, ./NAME is the file',
    )
    .option('--log-format <format>', 'as for start', 'auto')
    .option('--map <fields>', 'as for start')
    .option('--time-zone <name>', 'as for start')
    .option('--service <name>', 'as for start')
    .option('--lines <number>', 'how many lines, or records of a topic, to read', wholeNumber(1), 10_000)
    .option('--from-beginning', 'of topics: read the first records (default: the last ones)');
  return addConnection(command).action(inspect);
}

async function inspect(names: readonly string[], options: InspectOptions): Promise<void> {
  requireLogFormat(options);
  const stop = new AbortController();
  stopOnSignals(stop);
  onNobodyReads(() => process.exit(0));
  const { fromBeginning, lines, logFormat, map, service, timeZone } = options;
  const reading = {
    ...{ format: logFormat, host: 'unknown', server: 'unknown' },
    ...(map === undefined ? {} : { map }),
    ...(service === undefined ? {} : { service }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
  const inspected = new InspectedNames({
    open: () => connect(options, { runs: 'reader' }, stop.signal),
    place: options.brokers ?? options.dataDir,
  });
  let events = 0;
  let refused = 0;
  try {
    for (const name of names) {
      const { data, note } = await inspected.find(name);
      if (note !== undefined) say(safe`${note}`);
      const inspection =
        data === undefined
          ? await inspectFile(name, reading, lines, stop.signal)
          : await inspectTopic(data, name, reading, {
              ...{ from: fromBeginning ? 'start' : 'end', most: lines, signal: stop.signal },
            });
      for (const line of inspectionText(data === undefined ? name : `topic ${name}`, inspection)) print(line);
      for (const kind of inspection.kinds) events += kind.events;
      refused += inspection.refused.total;
    }
  } finally {
    await inspected.close();
  }
  if (events === 0 && refused > 0) {
    throw new ProducerError('NOTHING_USABLE', 'no line of the input could be used; the reasons are above');
  }
}
