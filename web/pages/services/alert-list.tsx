import type { Alert } from '../../api/client.js';
import { useNow } from '../../live/use-live.js';
import { Severity } from '../../parts/status.js';
import { when } from '../../parts/wording.js';

export function AlertList({ alerts }: { readonly alerts: readonly Alert[] }) {
  const now = useNow(10_000);
  const opened = alerts.filter(({ state }) => state === 'opened').slice(0, 8);
  if (opened.length === 0) return <p className="t2">None yet.</p>;
  return (
    <ul className="al">
      {opened.map((alert) => (
        <li key={alert.id} className="flex items-center gap-2 min-h-7">
          <Severity severity={alert.severity} quiet />
          <span className="ell" title={alert.explanation}>
            {alert.detector} <span className="t2">{alert.explanation.slice(alert.explanation.indexOf(':') + 2)}</span>
          </span>
          <span className="nw t2">
            {when(alert.time, now)}
            {alerts.some(({ id, state }) => id === alert.id && state === 'resolved') ? '' : ', open'}
          </span>
        </li>
      ))}
    </ul>
  );
}
