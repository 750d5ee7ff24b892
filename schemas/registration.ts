import { avroType, type SchemaReference } from '@millrace/streams/avro';
import type { Schema, Type } from 'avsc';
import { type CompatibilityLevel, incompatibilities, type SchemaVersion } from './compatibility.js';
import type { RegisteredVersion, RegistryApi, VersionReference } from './registry-api.js';
import { SchemaError } from './schema-error.js';
import type { SchemaDefinition } from './schema-folder.js';

/**
 * The level of a subject for which nobody has chosen one. Any version can read any other, so that producers and consumers
 * are released in any order, and a topic can be read from its beginning.
 */
export const DEFAULT_COMPATIBILITY: CompatibilityLevel = 'FULL_TRANSITIVE';

export interface Registration {
  readonly result: 'registered' | 'unchanged';
  readonly id: number;
  readonly version: number;
}

/**
 * Registers a schema, and those that it uses before it, unless they are registered already. A subject without a level of
 * its own gets `DEFAULT_COMPATIBILITY` first.
 *
 * @throws SchemaError
 */
export async function registerSchema(
  api: RegistryApi,
  subject: string,
  { references, schema }: SchemaDefinition,
): Promise<Registration> {
  const used: VersionReference[] = [];
  for (const reference of references) {
    const { version } = await registerSchema(api, reference.subject, definitionOf(reference));
    used.push({ name: reference.name, subject: reference.subject, version });
  }
  const known = await findVersion(api, subject, schema, used);
  if (known !== undefined) return { result: 'unchanged', ...known };
  await api.register(subject, schema, used, await ensureCompatibility(api, subject));
  const added = await findVersion(api, subject, schema, used);
  if (added === undefined) {
    throw new SchemaError('SCHEMA_NOT_REGISTERED', `${api.address} has taken the schema of ${subject}, and has it not`);
  }
  return { result: 'registered', ...added };
}

/**
 * Finds the version of a subject that is this schema, and adds nothing.
 *
 * @throws SchemaError SCHEMA_NOT_REGISTERED
 */
export async function findSchema(
  api: RegistryApi,
  subject: string,
  { references, schema }: SchemaDefinition,
): Promise<Registration> {
  const used: VersionReference[] = [];
  for (const reference of references) {
    const { version } = await findSchema(api, reference.subject, definitionOf(reference));
    used.push({ name: reference.name, subject: reference.subject, version });
  }
  const known = await findVersion(api, subject, schema, used);
  if (known !== undefined) return { result: 'unchanged', ...known };
  const versions = await api.versions(subject);
  const has = versions.length === 0 ? 'the subject is not there' : `the subject has other versions (${versions})`;
  throw new SchemaError(
    'SCHEMA_NOT_REGISTERED',
    `the schema of ${subject} is not registered in ${api.address}, and registering is switched off: ${has}; ` +
      'run "millrace schemas register" with a user who may, then start again',
  );
}

export interface SchemaCheck {
  readonly result: 'new' | 'unchanged' | 'compatible' | 'incompatible';
  /** What the subject's level is, or will be once it is registered. */
  readonly compatibility: CompatibilityLevel;
  readonly reasons: readonly string[];
}

/** Says what would come of registering a schema, and changes nothing. @throws SchemaError */
export async function checkSchema(
  api: RegistryApi,
  subject: string,
  { references, schema }: SchemaDefinition,
): Promise<SchemaCheck> {
  const compatibility = (await api.compatibility(subject)) ?? DEFAULT_COMPATIBILITY;
  const numbers = await api.versions(subject);
  if (numbers.length === 0) return { result: 'new', compatibility, reasons: [] };
  const whole = references.length === 0 ? schema : standAlone(avroType(schema, references));
  const versions: SchemaVersion[] = [];
  for (const number of numbers) {
    const version = await api.version(subject, number);
    if (version === undefined) continue;
    const usesOthers = version.references.length > 0;
    const old = usesOthers ? await api.schemaById(version.id) : version.schema;
    // A schema whose types are in it may be the same as one that refers to them.
    const isSame =
      usesOthers || references.length > 0
        ? normalForm(standAlone(avroType(old))) === normalForm(standAlone(avroType(whole)))
        : normalForm(old) === normalForm(whole);
    if (isSame) return { result: 'unchanged', compatibility, reasons: [] };
    versions.push({ version: number, schema: old });
  }
  const verdict = await api.check(subject, whole);
  const found = incompatibilities(compatibility, whole, versions);
  const said = verdict?.compatible === false && found.length === 0 ? verdict.messages : [];
  if (verdict?.compatible !== false && found.length === 0) return { result: 'compatible', compatibility, reasons: [] };
  const reasons = [...found, ...said];
  return {
    result: 'incompatible',
    compatibility,
    reasons: reasons.length > 0 ? reasons : ['the registry does not say why'],
  };
}

function standAlone(type: Type): Schema {
  return type.schema({ exportAttrs: true });
}

function definitionOf({ references = [], schema }: SchemaReference): SchemaDefinition {
  return { schema, references };
}

/** The level that the subject has, or gets now. */
async function ensureCompatibility(api: RegistryApi, subject: string): Promise<CompatibilityLevel> {
  const set = await api.compatibility(subject);
  if (set !== undefined) return set;
  try {
    await api.setCompatibility(subject, DEFAULT_COMPATIBILITY);
  } catch (error) {
    // Another process may have been faster; some registries refuse a second registration.
    const meanwhile = await api.compatibility(subject);
    if (meanwhile === undefined) throw error;
    return meanwhile;
  }
  return DEFAULT_COMPATIBILITY;
}

/** The subject's version that is this schema, however it is written down. */
async function findVersion(
  api: RegistryApi,
  subject: string,
  schema: Schema,
  references: readonly VersionReference[],
): Promise<{ readonly id: number; readonly version: number } | undefined> {
  const found = await api.find(subject, schema, references);
  if (found !== undefined) return { id: found.id, version: found.version };
  const isSame = (registered: RegisteredVersion) =>
    normalForm(registered.schema) === normalForm(schema) &&
    normalForm(registered.references) === normalForm(references);
  // Apicurio finds only what was registered with the same blanks.
  for (const version of (await api.versions(subject)).reverse()) {
    const registered = await api.version(subject, version);
    if (registered !== undefined && isSame(registered)) return { id: registered.id, version };
  }
  return undefined;
}

/** The same text for what differs only in blanks and in the order of properties. */
function normalForm(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
