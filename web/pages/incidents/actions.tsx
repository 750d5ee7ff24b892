import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { answerOf, api, type Incident } from '../../api/client.js';
import { Failure } from '../../parts/state.js';
import { useKeys } from '../../shell/keys.js';
import { useVisitor } from '../../shell/visitor.js';
import { offeredFor } from './offered-actions.js';

const SilenceDialog = lazy(() => import('./silence-dialog.js'));
const FineDialog = lazy(() => import('./fine-dialog.js'));

type Question = 'silence' | 'fine';

interface ActionsProps {
  readonly incident: Incident;
  /** What stands before them, such as the way to the incident. */
  readonly children?: ReactNode;
  /** What stands after them, and may ask the same. */
  readonly more?: (ask: (question: Question) => void) => ReactNode;
  readonly withFine?: boolean;
  readonly primary?: boolean;
}

/** What people can say of an incident: somebody is on it, tell nobody, this was fine. */
export function IncidentActions({ children, incident, more, primary = false, withFine = false }: ActionsProps) {
  const client = useQueryClient();
  const { canAct } = useVisitor();
  const [asks, ask] = useState<Question>();
  const offered = offeredFor(incident, canAct);
  const params = { path: { id: incident.id } };
  const onSuccess = () => client.invalidateQueries({ queryKey: ['incidents'] });
  const acknowledge = useMutation({
    mutationFn: () => answerOf(api.POST('/incidents/{id}/ack', { params, body: {} })),
    onSuccess,
  });
  useKeys({
    a: () => offered.acknowledge && acknowledge.mutate(),
    s: () => offered.silence && ask('silence'),
    ...(withFine && { f: () => offered.fine && ask('fine') }),
  });
  return (
    <>
      {children}
      {offered.acknowledge && (
        <button
          type="button"
          className={`btn ${primary ? 'primary' : ''}`}
          onClick={() => acknowledge.mutate()}
          disabled={acknowledge.isPending}
        >
          Acknowledge <kbd>a</kbd>
        </button>
      )}
      {offered.silence && (
        <button type="button" className="btn" onClick={() => ask('silence')}>
          Silence <kbd>s</kbd>
        </button>
      )}
      {offered.fine && withFine && (
        <button type="button" className="btn" onClick={() => ask('fine')}>
          This was fine <kbd>f</kbd>
        </button>
      )}
      {more?.(ask)}
      {acknowledge.error !== null && <Failure what="That was not noted." error={acknowledge.error} />}
      <Suspense>
        {asks === 'silence' && (
          <SilenceDialog
            scope={incident.scope}
            onClose={() => ask(undefined)}
            onSubmit={async (body) => {
              await answerOf(api.POST('/incidents/{id}/silence', { params, body }));
              await onSuccess();
            }}
          />
        )}
        {asks === 'fine' && (
          <FineDialog
            incident={incident}
            onClose={() => ask(undefined)}
            onSubmit={async (body) => {
              await answerOf(api.POST('/incidents/{id}/feedback', { params, body }));
              await onSuccess();
            }}
          />
        )}
      </Suspense>
    </>
  );
}
