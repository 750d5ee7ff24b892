import { jsonSerde, type Serde } from '@millrace/streams';

/**
 * Of what detectors learn. It is raised when a state that was written before can no longer be read: then what an older
 * version has learned is read as nothing, and learning starts anew.
 */
const FORMAT = 1;

/** What a detector has learned, as JSON with the mark of its format; null where another version has written it. */
export function learnedStateSerde<T extends object>(): Serde<T | null> {
  const json = jsonSerde<unknown>();
  return {
    ...(json.format !== undefined && { format: json.format }),
    serialize: (topic, state) => json.serialize(topic, [FORMAT, state]),
    deserialize(topic, bytes, start, end) {
      const read = json.deserialize(topic, bytes, start, end);
      return Array.isArray(read) && read[0] === FORMAT ? (read[1] as T) : null;
    },
  };
}
