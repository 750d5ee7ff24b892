import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, doneBy, type Schemas } from '../api/client.js';
import { useNow } from '../live/use-live.js';
import { useVisitor } from '../shell/visitor.js';
import { Failure } from './state.js';
import { list, when } from './wording.js';

/** What detectors have learned of what people said, each to be taken back. */
export function FeedbackRows({ items }: { readonly items: readonly Schemas['Feedback'][] }) {
  const { canAct } = useVisitor();
  const client = useQueryClient();
  const now = useNow(5_000);
  const takeBack = useMutation({
    mutationFn: (id: string) => doneBy(api.DELETE('/feedback/{id}', { params: { path: { id } } })),
    onSuccess: () => Promise.all(['incidents', 'alerting'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  return (
    <>
      {takeBack.error !== null && <Failure what="It was not taken back." error={takeBack.error} />}
      <ul className="sil">
        {items.map((one) => (
          <li key={one.id}>
            <div>
              <p>
                {one.verdict === 'fine' ? 'Not told again: ' : 'A fault each time: '}
                {list(one.limits.map(({ words }) => words))}
                {one.entities === 'alike' && ', and of those like it'}
              </p>
              <p className="s t2">
                {one.until === null ? 'Without an end' : `Until ${when(one.until, now)}`}
                {one.daily !== null && `, ${clock(one.daily.from_minute)} to ${clock(one.daily.to_minute)} each day`},
                by {one.by}. {one.note}
              </p>
            </div>
            {canAct && (
              <button
                type="button"
                className="btn ghost sm"
                disabled={takeBack.isPending}
                onClick={() => takeBack.mutate(one.id)}
              >
                Take back
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
