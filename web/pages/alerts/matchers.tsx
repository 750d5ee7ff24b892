/** What an incident must be like, as people write and read it: `severity="critical"`, `entity=~"web-.*"`. */

interface MatcherParts {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export const LABELS = ['source', 'scope', 'severity', 'detector', 'entity', 'tenant', 'incident'] as const;

export function partsOf(matcher: string): MatcherParts | undefined {
  const [, label, operator, quoted, bare] = /^\s*(\w+)\s*(=~|!~|!=|=)\s*(?:"(.*)"|(\S*))\s*$/s.exec(matcher) ?? [];
  if (label === undefined || operator === undefined) return undefined;
  return { label, operator, value: quoted?.replace(/\\(["\\])/g, '$1') ?? bare ?? '' };
}

const WORDS: Readonly<Record<string, string>> = { '=': '', '!=': 'not', '=~': 'like', '!~': 'not like' };

/** Matchers as chips; none is everything. */
export function Matchers({
  all = 'everything',
  matchers,
}: {
  readonly matchers: readonly string[];
  readonly all?: string;
}) {
  if (matchers.length === 0) return <span>{all}</span>;
  return (
    <span className="cl-w">
      {matchers.map((matcher) => {
        const parts = partsOf(matcher);
        return (
          <span key={matcher} className="chip not" title={matcher}>
            {parts === undefined ? (
              matcher
            ) : (
              <>
                <span className="op">
                  {parts.label} {WORDS[parts.operator]}
                </span>
                {parts.value === '' ? '""' : parts.value}
              </>
            )}
          </span>
        );
      })}
    </span>
  );
}

interface MatchersFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: readonly string[];
  readonly required?: boolean;
  readonly onChange?: (matchers: readonly string[]) => void;
}

/** One matcher a line. */
export function MatchersField({ label, name, onChange, required = false, value }: MatchersFieldProps) {
  return (
    <label>
      {label}
      <textarea
        name={name}
        className="in mono"
        rows={3}
        required={required}
        defaultValue={value.join('\n')}
        placeholder={'severity="critical"\nscope=~"web/.*"'}
        onChange={onChange && (({ target }) => onChange(matchersIn(target.value)))}
      />
      <span className="s">
        One a line, all must fit. Of {LABELS.slice(0, -1).join(', ')}; <code>=</code> <code>!=</code> <code>=~</code>{' '}
        <code>!~</code>.
      </span>
    </label>
  );
}

export function matchersIn(value: FormDataEntryValue | null): string[] {
  return String(value ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Words divided by commas. */
export function namesIn(value: FormDataEntryValue | null): string[] {
  return String(value ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
