import type { Incident } from '../../api/client.js';
import { isOpen } from '../../parts/incident-words.js';

interface OfferedActions {
  readonly acknowledge: boolean;
  readonly silence: boolean;
  readonly fine: boolean;
}

/** What can be said of an incident: of one that is over, or was fine, nobody is told, and there is nothing to hold back. */
export function offeredFor(
  incident: Pick<Incident, 'acknowledged' | 'state' | 'was_fine'>,
  canAct: boolean,
): OfferedActions {
  const isTold = canAct && isOpen(incident);
  return { acknowledge: isTold && !incident.acknowledged, silence: isTold, fine: canAct };
}
