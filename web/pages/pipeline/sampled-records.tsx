import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api, type Schemas } from '../../api/client.js';
import { useLive } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Note } from '../../parts/state.js';
import { whenToMs } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';

const REFETCH_MS = 5_000;

interface SampledRecordsProps {
  readonly topic: string;
  readonly limit?: number;
  /** Whether new ones come by themselves. */
  readonly isLive?: boolean;
}

/** The newest records of a topic, a line each; one opens into all its fields. */
export function SampledRecords({ isLive = false, limit = 12, topic }: SampledRecordsProps) {
  const { canAct } = useVisitor();
  const isPaused = useLive((live) => live.isPaused);
  const [opened, open] = useState<string>();
  const asked = useQuery({
    queryKey: ['records', topic, limit],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/topics/{name}/records', { params: { path: { name: topic }, query: { limit } }, signal })),
    enabled: canAct,
    // What is read stands still.
    refetchInterval: isLive && !isPaused && opened === undefined ? REFETCH_MS : false,
  });
  if (!canAct)
    return (
      <Note icon="info" title="Records are for operators.">
        Your role shows figures only.
      </Note>
    );
  return (
    <Answer asked={asked} what="The records could not be read.">
      {({ items }) =>
        items.length === 0 ? (
          <Note title="It holds none." />
        ) : (
          <>
            <ol className="recs mono">
              {items.map((record) => (
                <SampledRecord
                  key={record.id}
                  record={record}
                  isOpen={record.id === opened}
                  onToggle={() => open(record.id === opened ? undefined : record.id)}
                />
              ))}
            </ol>
            {!isLive && (
              <button type="button" className="btn sm" onClick={() => asked.refetch()}>
                <Icon name="refresh" />
                Again
              </button>
            )}
          </>
        )
      }
    </Answer>
  );
}

interface SampledRecordProps {
  readonly record: Schemas['TopicRecord'];
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function SampledRecord({ isOpen, onToggle, record }: SampledRecordProps) {
  const { headers, key, offset, partition, timestamp, value } = record;
  return (
    <li>
      <button type="button" className="rec" aria-expanded={isOpen} onClick={onToggle}>
        <span className="dim">{whenToMs(timestamp)}</span>
        <span className="dim">
          p{partition} {offset}
        </span>
        <b className="ell">{key ?? ''}</b>
        <span className="ell t2">{shortly(value)}</span>
      </button>
      {isOpen && (
        <pre className="json">{JSON.stringify({ ...(headers !== undefined && { headers }), value }, null, 2)}</pre>
      )}
    </li>
  );
}

/** Its fields in a line. */
function shortly(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${typeof one === 'object' ? JSON.stringify(one) : one}`)
    .join('  ');
}
