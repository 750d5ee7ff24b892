import avsc, { type Schema, type Type } from 'avsc';

/** Confluent's compatibility levels. */
export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;

export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];

/** A version of a subject; its schema stands alone. */
export interface SchemaVersion {
  readonly version: number;
  readonly schema: Schema;
}

/**
 * Why a schema may not follow a subject's versions at a compatibility level, a sentence each; empty when it may.
 *
 * A registry says whether, and seldom why. The sentences come from what reads the records here, so that a schema without
 * any is one that this application can live with.
 *
 * @param versions the oldest first
 */
export function incompatibilities(
  level: CompatibilityLevel,
  schema: Schema,
  versions: readonly SchemaVersion[],
): string[] {
  const newType = avsc.Type.forSchema(schema);
  const compared = level.endsWith('_TRANSITIVE') ? versions : versions.slice(-1);
  return compared.flatMap((old) => {
    const oldType = avsc.Type.forSchema(old.schema);
    const backward = /^(BACKWARD|FULL)/.test(level) ? unreadable(newType, oldType) : [];
    const forward = /^(FORWARD|FULL)/.test(level) ? unreadable(oldType, newType) : [];
    return [
      ...backward.map((why) => `it cannot read what version ${old.version} wrote: ${why}`),
      ...forward.map((why) => `version ${old.version} cannot read what it writes: ${why}`),
    ];
  });
}

function unreadable(reader: Type, writer: Type): string[] {
  const missing = missingFields(reader, writer);
  if (missing.length > 0) return missing.map((name) => `the field "${name}" is missing there and has no default`);
  try {
    reader.createResolver(writer);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** avsc names only the first. */
function missingFields(reader: Type, writer: Type): string[] {
  if (!(reader instanceof avsc.types.RecordType) || !(writer instanceof avsc.types.RecordType)) return [];
  const written = new Set(writer.fields.map(({ name }) => name));
  return reader.fields
    .filter((field) => field.defaultValue() === undefined)
    .filter(({ aliases, name }) => ![name, ...aliases].some((candidate) => written.has(candidate)))
    .map(({ name }) => name);
}
