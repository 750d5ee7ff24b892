import { createHash } from 'node:crypto';
import type { EventIntake } from '../../producer/event-intake.js';
import { LogSink } from '../../producer/network/log-sink.js';
import { MqttSource } from '../../producer/network/mqtt.js';
import { lineOfMessage } from '../../producer/network/mqtt-line.js';
import { takeWhenThereIsRoom } from '../../producer/network/sink.js';
import { MAX_MESSAGE_BYTES } from '../../producer/network/syslog/framing.js';
import { SyslogTcpServer, type TakeMessages } from '../../producer/network/syslog/tcp.js';
import { SyslogUdpServer } from '../../producer/network/syslog/udp.js';
import type { Notify } from '../notice.js';
import { eventIntakeFor, type LineReading } from './line-reading.js';
import { type RawWriterRequest, rawWriterFor } from './raw-writer.js';

const LOOK_EVERY_MS = 5_000;

/** Where syslog is received. */
export interface SyslogPlace {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

/** A broker, and the topics that are read of it. */
export interface MqttPlace {
  readonly url: string;
  /** Such as `sensors/#`. */
  readonly filter: string;
  readonly clientId: string;
}

export interface MessagesRequest extends RawWriterRequest {
  readonly signal: AbortSignal;
  readonly onNotice: Notify;
}

interface Receiver {
  close(): Promise<void>;
}

/** Receives messages until it is aborted. @throws ProducerError SOURCE_UNREACHABLE; LogError; what listening fails with */
export async function receiveMessages(
  {
    mqtt,
    reading,
    syslog,
  }: { readonly syslog: readonly SyslogPlace[]; readonly mqtt: readonly MqttPlace[]; readonly reading: LineReading },
  request: MessagesRequest,
): Promise<void> {
  const { data, onNotice, signal } = request;
  const sink = await LogSink.open(data.log, await rawWriterFor(request));
  const events = eventIntakeFor(reading);
  const receivers: Receiver[] = [];
  let fail: (error: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  // What fails while the others are being opened is told when all are.
  ended.catch(() => {});
  try {
    for (const place of syslog) receivers.push(await listen(place, events, sink, onNotice, fail));
    for (const place of mqtt) receivers.push(await subscribe(place, events, sink, onNotice, fail));
    await ended;
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await sink.close();
  }
}

async function listen(
  place: SyslogPlace,
  events: EventIntake,
  sink: LogSink,
  onNotice: Notify,
  fail: (error: Error) => void,
): Promise<Receiver> {
  const take: TakeMessages = async (messages, peer) => {
    let size = 0;
    for (const { bytes, length } of messages) {
      const text = bytes.toString();
      size += bytes.length;
      if (length <= bytes.length) events.addLine(text, peer, Date.now());
      else
        events.refuse(text, peer, `line-too-long: the message has ${length} bytes; ${MAX_MESSAGE_BYTES} are the most`);
    }
    await takeWhenThereIsRoom(sink, events.take(), size);
  };
  const { host, port, protocol } = place;
  if (protocol === 'tcp') return SyslogTcpServer.listen({ host, port }, take, fail);
  const server = await SyslogUdpServer.listen({ host, port }, take, fail);
  let told = 0;
  const look = () => {
    const { here, kernel = 0 } = server.losses;
    const lost = here + kernel;
    if (lost === told) return;
    onNotice({
      kind: 'input',
      message: `syslog at udp://${host}:${port}: ${lost} messages were lost; the kernel had no room for ${kernel}, the log none for ${here}`,
    });
    told = lost;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    close: async () => {
      clearInterval(timer);
      look();
      await server.close();
    },
  };
}

async function subscribe(
  { clientId, filter, url }: MqttPlace,
  events: EventIntake,
  sink: LogSink,
  onNotice: Notify,
  fail: (error: Error) => void,
): Promise<Receiver> {
  return MqttSource.connect({
    ...{ url, clientId, filters: [filter] },
    take: ({ isRepeated, packetId, payload, topic }) => {
      events.addLine(lineOfMessage(topic, payload, Date.now()), `mqtt ${topic}`);
      const batch = events.take();
      if (packetId === undefined) return takeWhenThereIsRoom(sink, batch, payload.length);
      const hash = createHash('sha256').update(topic).update('\n').update(payload).digest('base64url');
      // The broker gives the number to another message as soon as this one is acknowledged.
      return takeWhenThereIsRoom(sink, batch, payload.length, {
        text: `mqtt:${clientId}:${packetId}:${hash}`,
        mayBeRepeated: isRepeated,
      });
    },
    room: () => sink.room(),
    onNotice: (message) => onNotice({ kind: 'input', message }),
    onFailure: fail,
  });
}
