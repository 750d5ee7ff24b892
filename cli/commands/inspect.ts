import type { Command } from 'commander';
import { inspectFile } from '../../app/ingestion/inspect-file.js';
import { inspectMqtt } from '../../app/ingestion/inspect-mqtt.js';
import { inspectTopic } from '../../app/ingestion/inspect-topic.js';
import { inspectUrl } from '../../app/ingestion/inspect-url.js';
import { InspectedNames } from '../../app/ingestion/inspected-names.js';
import type { InspectOptions as Reading } from '../../app/ingestion/inspection.js';
import { inputPaths } from '../../producer/input-paths.js';
import { ProducerError } from '../../producer/producer-error.js';
import type { Credentials } from '../../producer/remote/credentials.js';
import { shownUrl } from '../../producer/remote/shown-url.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { positiveWait } from '../options/duration.js';
import { mqttPlace } from '../options/network-places.js';
import {
  durationOption,
  type LineReadingOptions,
  requireLogFormat,
  sizeOption,
  wholeNumber,
} from '../options/options.js';
import { credentials, type Headers, header } from '../options/remote.js';
import { repeatableOption } from '../options/repeatable-option.js';
import { UsageError } from '../options/usage-error.js';
import { type Inspected, inspectionJson, inspectionText } from '../terminal/inspection-text.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { onNobodyReads, print, say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';

interface InspectOptions
  extends ConnectionOptions,
    Pick<LineReadingOptions, 'logFormat' | 'map' | 'service' | 'timeZone'> {
  readonly lines: number;
  readonly bytes: number;
  readonly for: number;
  readonly credentials?: Credentials;
  readonly header?: Headers;
  readonly fromBeginning?: boolean;
  readonly json?: boolean;
}

export function inspectCommand(program: Command): Command {
  const command = program
    .command('inspect')
    .description(
      'show how the lines of files, or the records of topics and URLs, are read, field by field, and which are refused and ' +
        'why; writes nothing',
    )
    .argument(
      '<names...>',
      'files, also compressed, their directories, or patterns; - for standard input; topics; http:// and https:// URLs ' +
        'of logs; topics of an MQTT broker, such as mqtt://127.0.0.1:1883/sensors/#. Where there is a file and a topic of a name, ./NAME is the file',
    )
    .option('--log-format <format>', 'as for start', 'auto')
    .option('--map <fields>', 'as for start')
    .option('--time-zone <name>', 'as for start')
    .option('--service <name>', 'as for start')
    .option('--lines <number>', 'how many lines, or records, to read', wholeNumber(1), 10_000)
    .option('--from-beginning', 'of topics: read the first records (default: the last ones)')
    .addOption(sizeOption('--bytes <size>', 'of URLs: how much text to read at most', '64MiB'))
    .addOption(durationOption('--for <duration>', 'of URLs: how long to read at most', '10s', positiveWait))
    .option(
      '--credentials <name:password>',
      "of URLs: name and password, in place of the URL's; MILLRACE_INSPECT_CREDENTIALS keeps them out of the list of " +
        'processes',
      credentials,
    )
    .addOption(
      repeatableOption<Headers>(
        '--header <header>',
        "of http:// URLs: header to send, such as 'Authorization: Bearer …'; repeatable",
        header,
      ),
    )
    .option('--json', 'print a line of JSON for each name');
  return addConnection(command).action(inspect);
}

async function inspect(names: readonly string[], options: InspectOptions): Promise<void> {
  requireLogFormat(options);
  for (const name of names) if (isMqtt(name)) subscriptionOf(name);
  const stop = new AbortController();
  stopOnSignals(stop);
  onNobodyReads(() => process.exit(0));
  const inspected = new InspectedNames({
    open: () => connect(options, { runs: 'reader' }, stop.signal),
    place: options.brokers ?? options.dataDir,
  });
  let events = 0;
  let refused = 0;
  try {
    for (const name of names) {
      for await (const found of inspectedOf(name, inspected, options, stop.signal)) {
        for (const line of options.json ? [inspectionJson(found)] : inspectionText(found)) print(line);
        for (const kind of found.inspection.kinds) events += kind.events;
        refused += found.inspection.refused.total;
      }
    }
  } finally {
    await inspected.close();
  }
  if (events === 0 && refused > 0) {
    throw new ProducerError('NOTHING_USABLE', 'no line of the input could be used; the reasons are above');
  }
}

async function* inspectedOf(
  name: string,
  names: InspectedNames,
  options: InspectOptions,
  signal: AbortSignal,
): AsyncGenerator<Inspected> {
  const { bytes: mostBytes, credentials: known, for: mostMs, header: headers, lines } = options;
  const reading = readingOf(options);
  if (isMqtt(name)) {
    const call = { ...subscriptionOf(name), credentials: known, mostMs, mostMessages: lines };
    yield { kind: 'mqtt', name: shownUrl(name), inspection: await inspectMqtt(call, reading, signal) };
    return;
  }
  if (/^https?:\/\//i.test(name)) {
    const call = { url: name, credentials: known, mostBytes, mostMs, mostLines: lines };
    const inspection = await inspectUrl({ ...call, ...(headers && { headers }) }, reading, signal);
    yield { kind: 'url', name: shownUrl(name), inspection };
    return;
  }
  const { data, note } = await names.find(name);
  if (note !== undefined) say(safe`${note}`);
  if (data === undefined) {
    for (const path of inputPaths([name])) {
      yield { kind: 'file', name: path, inspection: await inspectFile(path, reading, lines, signal) };
    }
    return;
  }
  const from = options.fromBeginning ? 'start' : 'end';
  yield { kind: 'topic', name, inspection: await inspectTopic(data, name, reading, { from, most: lines, signal }) };
}

function readingOf({ logFormat, map, service, timeZone }: InspectOptions): Reading {
  return {
    ...{ format: logFormat, host: 'unknown', server: 'unknown' },
    ...(map === undefined ? {} : { map }),
    ...(service === undefined ? {} : { service }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}

function isMqtt(name: string): boolean {
  return /^(?:mqtts?|wss?):\/\//i.test(name);
}

/** @throws UsageError */
function subscriptionOf(name: string): ReturnType<typeof mqttPlace>[number] {
  try {
    const [place] = mqttPlace(name);
    if (place !== undefined) return place;
  } catch {
    // Said below, with the name.
  }
  throw new UsageError(
    `${shownUrl(name)} has no topics: it must be mqtt://host:port/topics, such as mqtt://127.0.0.1:1883/sensors/#`,
  );
}
