import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../../api/client.js';
import { incidentsOf } from '../../api/questions.js';
import { Icon } from '../../parts/icon.js';
import { titleOf } from '../../parts/incident-words.js';
import { list } from '../../parts/wording.js';

const SEVERITIES = ['critical', 'warning', 'info'] as const;
type Severity = (typeof SEVERITIES)[number];
type Kind = 'service' | 'web' | 'sensor';

/** Where an incident would be told: one that there was, or one that is thought of. */
export function TryRoute() {
  const incidents = useQuery(incidentsOf({ limit: '20' }));
  const [chosen, choose] = useState('');
  const [scope, setScope] = useState('service/payment-service');
  const [severity, setSeverity] = useState<Severity>('critical');
  const known = incidents.data?.items.find(({ id }) => id === chosen);
  const body =
    known === undefined
      ? { scope, severity, source_kind: kindOf(scope), detectors: [], entities: [] }
      : {
          ...{ scope: known.scope, severity: known.severity, source_kind: known.source_kind },
          detectors: [...known.detectors],
          entities: known.entities.slice(0, 50),
        };
  const tried = useQuery({
    queryKey: ['alerting', 'try', body],
    queryFn: ({ signal }) => answerOf(api.POST('/routes/try', { body, signal })),
    placeholderData: (before) => before,
  });
  const channels = [...new Set(tried.data?.routes.flatMap((one) => one.channels) ?? [])];
  return (
    <div className="try">
      <span className="s t2">Where would it go?</span>
      <select className="in sm" aria-label="Incident" value={chosen} onChange={({ target }) => choose(target.value)}>
        <option value="">an example</option>
        {incidents.data?.items.map((one) => (
          <option key={one.id} value={one.id}>
            {titleOf(one)}
          </option>
        ))}
      </select>
      {known === undefined && (
        <>
          <input
            className="in sm mono"
            aria-label="Scope"
            value={scope}
            onChange={({ target }) => setScope(target.value)}
            placeholder="service/payment-service"
          />
          <select
            className="in sm"
            aria-label="Severity"
            value={severity}
            onChange={({ target }) => setSeverity(SEVERITIES.find((one) => one === target.value) ?? 'critical')}
          >
            {SEVERITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </>
      )}
      <Icon name="arrow" />
      <span role="status">
        {tried.error !== null ? (
          <span className="critical-t">{tried.error.message}</span>
        ) : tried.data === undefined ? (
          '…'
        ) : (
          <>
            {tried.data.routes.length > 0 && (
              <b>{list(tried.data.routes.map(({ route }) => route.replace(/^edited\//, '')))}: </b>
            )}
            <span className="t2">
              {channels.length === 0 ? 'nobody is told' : list(channels)}
              {tried.data.silenced_by.length > 0 && `, but silent now by ${list(tried.data.silenced_by)}`}
            </span>
          </>
        )}
      </span>
    </div>
  );
}

function kindOf(scope: string): Kind {
  return scope.startsWith('web/') ? 'web' : scope.startsWith('sensor/') ? 'sensor' : 'service';
}
