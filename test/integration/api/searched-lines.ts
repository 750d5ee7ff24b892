import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LiveRecord, liveRecordOf } from '../../../api/live/live-record.js';
import type { RecordRing } from '../../../api/live/record-ring.js';
import { StoredInLake } from '../../../api/search/lake-lines.js';
import type { LineStores } from '../../../api/search/lines.js';
import type { StoredLines } from '../../../api/search/stored-lines.js';
import { LAKE_SOURCES } from '../../../app/lake/lake-sources.js';
import { RecordDecoder } from '../../../app/results/record-decoder.js';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { LakeLines } from '../../../lake/lines/lake-lines.js';
import { DEFAULT_TOPICS } from '../../../schemas/topics.js';
import { registerSerdes } from '../../../topology/serdes.js';
import { openDataDirectory } from '../lake/events.js';
import { temporaryDirectory } from '../millrace.js';

/** As it was built. */
const PROGRAM = fileURLToPath(new URL('../../../dist/lake/lines/lines-process.js', import.meta.url));

type Role = 'serviceLogs' | 'accessLog';
type Directory = Awaited<ReturnType<typeof temporaryDirectory>>;
type Data = Awaited<ReturnType<typeof openDataDirectory>>;

export interface WrittenLine {
  readonly partition: number;
  readonly value: { readonly timestamp: number };
}

/** A line of a service. */
export function serviceLine(timestamp: number, more: object): WrittenLine['value'] {
  return {
    ...{ service: 'auth', level: 'INFO', message: 'a line', timestamp, response_time: null, endpoint: null },
    ...{ method: null, status: null, user_id: null, session_id: null, request_id: null, ip: null },
    ...{ is_anomaly: false, source: null, bytes: null, attributes: null, trace_id: null, span_id: null, ...more },
  };
}

/** A topic of lines where searches look for them: in the log and in the lake. */
export class SearchedLines {
  readonly topic: string;
  readonly #role: Role;
  readonly #directory: Directory;
  readonly #data: Data;
  readonly #lake: LakeLines;

  private constructor(role: Role, directory: Directory, data: Data) {
    this.topic = DEFAULT_TOPICS[role];
    this.#role = role;
    this.#directory = directory;
    this.#data = data;
    this.#lake = new LakeLines(join(directory.path, 'lake'), { program: PROGRAM });
  }

  static async open(role: Role, partitions: number): Promise<SearchedLines> {
    const directory = await temporaryDirectory();
    const lines = new SearchedLines(role, directory, await openDataDirectory(directory.path));
    await lines.#data.log.ensureTopic(lines.topic, { partitions });
    return lines;
  }

  async write(lines: readonly WrittenLine[]): Promise<void> {
    const { log, schemas } = this.#data;
    const serdes = await registerSerdes(schemas, { [this.#role]: this.topic } as Record<Role, string>);
    const serde = serdes[this.#role];
    const transaction = log.transaction();
    for (const { partition, value } of lines) {
      const bytes = Buffer.from(serde.serialize(this.topic, value as never));
      transaction.append(this.topic, partition, value.timestamp, null, bytes);
    }
    await transaction.commit();
  }

  /** Takes what was written into the lake. */
  async store(): Promise<void> {
    const sources = LAKE_SOURCES.filter(({ topic }) => topic === this.topic);
    const writer = await LakeWriter.open({ ...this.#data, directory: join(this.#directory.path, 'lake'), sources });
    await writer.drain();
    await writer.close();
  }

  /** All that was written, as a server holds it. */
  async read(): Promise<LiveRecord[]> {
    const { log, schemas } = this.#data;
    const { topic } = this;
    const decoder = new RecordDecoder(schemas);
    const consumer = log.consumer();
    const records: LiveRecord[] = [];
    let left = 0;
    for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
      consumer.assign({ topic, partition }, 0);
      left += await log.endOffset({ topic, partition });
    }
    while (records.length < left) {
      for (const cursor of await consumer.poll(100)) {
        while (cursor.next()) {
          const decoded = await decoder.decode(cursor);
          const record = liveRecordOf(topic, decoded, decoded.value);
          if (record !== undefined) records.push(record);
        }
      }
    }
    await consumer.close();
    return records;
  }

  get log(): Data['log'] {
    return this.#data.log;
  }

  /**
   * @param ring what is in memory
   * @param storedLines default the lake
   */
  storesOf(ring: RecordRing, storedLines: readonly StoredLines[] = [new StoredInLake(this.#lake)]): LineStores {
    const { log, schemas } = this.#data;
    return {
      ...{ log, decoder: new RecordDecoder(schemas), storedLines },
      live: { ringOf: () => ring, topicOf: () => this.topic, passedOver: () => 0 },
    };
  }

  async close(): Promise<void> {
    this.#lake.close();
    await this.#data.log.close();
    await this.#directory.remove();
  }
}
