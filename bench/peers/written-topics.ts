import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Of a batch in Kafka's format (version 2): where its fields stand. */
const LENGTH_AT = 8;
const AFTER_LENGTH = 12;
const ATTRIBUTES_AT = 21;
const IS_CONTROL = 0x20;
const RECORDS_AT = 57;
const HEADER_BYTES = 61;

export interface Written {
  readonly records: number;
  /** As they are in the broker's files, compressed if they are, with the marks that end transactions. */
  readonly bytes: number;
}

/**
 * What was appended to topics of a broker on this machine, as its segments say. They are held open from when they are
 * found, so that what is compacted or deleted meanwhile counts, too.
 */
export class WrittenTopics {
  readonly #dataDirectory: string;
  readonly #segments = new Map<string, { readonly topic: string; readonly file: number }>();

  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
  }

  /** Opens segments that are new. To be called more often than the broker deletes what it has no use for. */
  findSegments(topics: Iterable<string>): void {
    const wanted = new Set(topics);
    for (const directory of readdirSync(this.#dataDirectory)) {
      const topic = directory.replace(/-\d+$/, '');
      if (!wanted.has(topic)) continue;
      for (const name of readdirSync(join(this.#dataDirectory, directory))) {
        const path = join(directory, name);
        if (!name.endsWith('.log') || this.#segments.has(path)) continue;
        this.#segments.set(path, { topic, file: openSync(join(this.#dataDirectory, path), 'r') });
      }
    }
  }

  /** What was written to the topics that are asked for. */
  total(isWanted: (topic: string) => boolean): Written {
    let [records, bytes] = [0, 0];
    const header = Buffer.alloc(HEADER_BYTES);
    for (const { file, topic } of this.#segments.values()) {
      if (!isWanted(topic)) continue;
      const size = fstatSync(file).size;
      bytes += size;
      for (let position = 0; readSync(file, header, 0, HEADER_BYTES, position) === HEADER_BYTES; ) {
        if ((header.readInt16BE(ATTRIBUTES_AT) & IS_CONTROL) === 0) records += header.readInt32BE(RECORDS_AT);
        position += AFTER_LENGTH + header.readInt32BE(LENGTH_AT);
      }
    }
    return { records, bytes };
  }

  close(): void {
    for (const { file } of this.#segments.values()) closeSync(file);
    this.#segments.clear();
  }
}
