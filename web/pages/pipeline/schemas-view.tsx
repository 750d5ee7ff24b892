import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { answerOf, api, type Schemas } from '../../api/client.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { useRangeLink } from '../../shell/range.js';
import { Choice } from './choice.js';

/** What the values of topics are, by subject; one with its versions and what each changed. */
export function SchemasView() {
  const [search] = useSearchParams();
  const linkTo = useRangeLink();
  const chosen = search.get('subject');
  const asked = useQuery({
    queryKey: ['schemas'],
    queryFn: ({ signal }) => answerOf(api.GET('/schemas', { signal })),
  });
  return (
    <div className="grid-2">
      <section aria-label="Subjects">
        <Answer asked={asked} what="The schemas could not be read." rows={8}>
          {({ items }) =>
            items.length === 0 ? (
              <Note icon="braces" title="No schema is registered." />
            ) : (
              <table className="tb svc">
                <TableHead words={['subject', 'topic']} numbers={['version', 'id']} />
                <tbody>
                  {items.map(({ subject, topic, versions }) => (
                    <tr key={subject} aria-selected={subject === chosen || undefined}>
                      <td className="mono">
                        <Choice name={subject} param="subject" />
                      </td>
                      <td className="mono">
                        {topic !== null && (
                          <Link className="n" href={linkTo('/pipeline', { view: 'topics', topic })}>
                            {topic}
                          </Link>
                        )}
                      </td>
                      <td className="num">{versions.at(-1)?.version}</td>
                      <td className="num t2">{versions.at(-1)?.id}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Answer>
      </section>
      <section aria-label="Schema">
        {chosen === null ? (
          <Note icon="braces" title="No subject is chosen." />
        ) : (
          <Subject key={chosen} subject={chosen} />
        )}
      </section>
    </div>
  );
}

function Subject({ subject }: { readonly subject: string }) {
  const asked = useQuery({
    queryKey: ['schemas', subject],
    queryFn: ({ signal }) => answerOf(api.GET('/schemas/{subject}', { params: { path: { subject } }, signal })),
  });
  return (
    <>
      <div className="hd">
        <h2 className="mono">{subject}</h2>
      </div>
      <Answer asked={asked} what="The schema could not be read.">
        {({ versions }) => (
          <ol>
            {versions.toReversed().map((one, index) => (
              <li key={one.version} className="pb-3">
                <h3>
                  Version {one.version} <span className="t2">id {one.id}</span>
                </h3>
                <Fields version={one} before={versions.toReversed()[index + 1]} />
              </li>
            ))}
          </ol>
        )}
      </Answer>
    </>
  );
}

interface FieldsProps {
  readonly version: Schemas['SchemaVersion'];
  readonly before: Schemas['SchemaVersion'] | undefined;
}

/** The fields of a record, those that the version before did not have marked. */
function Fields({ before, version }: FieldsProps) {
  const fields = fieldsOf(version.schema);
  if (fields === undefined) return <pre className="json">{JSON.stringify(version.schema, null, 2)}</pre>;
  const old = new Set(fieldsOf(before?.schema)?.map(({ name }) => name));
  return (
    <table className="tb">
      <TableHead words={['field', 'type', 'without it']} numbers={[]} />
      <tbody>
        {fields.map(({ fallback, name, type }) => (
          <tr key={name}>
            <td className="mono">
              {name} {before !== undefined && !old.has(name) && <span className="tag">new</span>}
            </td>
            <td className="mono t2">{type}</td>
            <td className="mono t2">{fallback}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function fieldsOf(schema: unknown): { name: string; type: string; fallback: string }[] | undefined {
  const { fields } = (typeof schema === 'object' && schema !== null ? schema : {}) as { readonly fields?: unknown };
  if (!Array.isArray(fields)) return undefined;
  return fields.map((field: { name?: unknown; type?: unknown; default?: unknown }) => ({
    name: String(field.name),
    type: typeInWords(field.type),
    fallback: field.default === undefined ? '' : JSON.stringify(field.default),
  }));
}

function typeInWords(type: unknown): string {
  if (Array.isArray(type)) return type.map(typeInWords).join(' or ');
  if (typeof type !== 'object' || type === null) return String(type);
  const { items, logicalType, name, type: of } = type as Readonly<Record<string, unknown>>;
  if (logicalType !== undefined) return String(logicalType);
  if (items !== undefined) return `list of ${typeInWords(items)}`;
  return String(name ?? of);
}
