import { z } from 'zod';
import { topicSchema } from '../../schemas/subjects.js';
import type { TopicRole } from '../../schemas/topics.js';

/** What of a line can be searched where it is stored, by what it holds; maps are of texts. */
export interface LineFields {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly booleans: readonly string[];
  readonly maps?: readonly string[];
}

const recordFields = z.object({ fields: z.array(z.object({ name: z.string(), type: z.unknown() })) });

/** By the schema, so that a field that is added to it can be searched, too. */
export function lineFieldsOf(role: TopicRole): Required<LineFields> {
  const { fields } = recordFields.parse(topicSchema(role).schema);
  const namesOf = (...types: readonly string[]) =>
    fields.filter(({ name, type }) => name !== 'timestamp' && types.includes(typeOf(type))).map(({ name }) => name);
  return {
    ...{ texts: namesOf('string'), numbers: namesOf('int', 'long', 'float', 'double') },
    ...{ booleans: namesOf('boolean'), maps: namesOf('map') },
  };
}

/** Of what may be null, the other type. */
function typeOf(type: unknown): string {
  if (Array.isArray(type)) return typeOf(type.find((one) => one !== 'null'));
  return typeof type === 'string' ? type : String((type as { readonly type?: unknown } | undefined)?.type);
}
