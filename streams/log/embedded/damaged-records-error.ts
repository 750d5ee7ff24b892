import { LogError, type TopicPartition } from '../log.js';

/** LOG_CORRUPT: records that are damaged, or that are not there. */
export class DamagedRecordsError extends LogError {
  readonly topicPartition: TopicPartition;

  /** @param lastOffset undefined where only the next batch would tell */
  constructor(
    readonly location: string,
    { topic, partition }: TopicPartition,
    readonly firstOffset: number,
    readonly lastOffset: number | undefined,
    readonly reason: string,
    /** Of LevelDB's files the one in which they are or should be, where that is known. */
    readonly file?: string,
    cause?: unknown,
  ) {
    const offsets =
      lastOffset === undefined ? `from offset ${firstOffset} on` : `offsets ${firstOffset} to ${lastOffset}`;
    const place = file === undefined ? location : `${location} (${file})`;
    super(
      'LOG_CORRUPT',
      `the log in ${place} is damaged: ${topic}-${partition}, ${offsets}: ${reason}; ` +
        '`millrace log verify` says what is lost, `millrace log repair` makes the rest usable again',
      { cause },
    );
    this.topicPartition = { topic, partition };
  }
}
