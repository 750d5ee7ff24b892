import type { IncidentDetail } from '../../api/client.js';
import { ActionMenu, type MenuItem } from '../../parts/action-menu.js';
import { useCopy } from '../../parts/use-copy.js';
import { useRangeLink } from '../../shell/range.js';
import { useVisitor } from '../../shell/visitor.js';
import { markdownOf, textOf } from './incident-text.js';
import { logsQueryOf, logsSourceOf, timeAround } from './its-lines.js';
import { offeredFor } from './offered-actions.js';

interface MenuProps {
  readonly incident: IncidentDetail;
  readonly onSilence: () => void;
  readonly onFine: () => void;
}

/** All that can be done with an incident: say something of it, open its lines, take it elsewhere. */
export function IncidentMenu({ incident, onFine, onSilence }: MenuProps) {
  const { canAct } = useVisitor();
  const { copy, said } = useCopy();
  const linkTo = useRangeLink();
  const { id } = incident;
  const offered = offeredFor(incident, canAct);
  const toSay: readonly MenuItem[] = [
    ...(offered.silence ? [{ name: 'Silence', icon: 'bell_off', shortcut: 's', act: onSilence } as const] : []),
    ...(offered.fine ? [{ name: 'This was fine', icon: 'thumbs', shortcut: 'f', act: onFine } as const] : []),
  ];
  // Also from the list, whose page names no incident.
  const path = `/incidents/${encodeURIComponent(id)}`;
  const url = () => new URL(path, location.href).href;
  return (
    <>
      <ActionMenu
        label="More: copy, export, lines"
        groups={[
          toSay,
          [
            {
              name: 'Open its lines',
              icon: 'logs',
              href: linkTo('/logs', {
                ...timeAround(incident),
                source: logsSourceOf(incident),
                q: logsQueryOf(incident),
              }),
            },
          ],
          [
            { name: 'Copy link', icon: 'link', act: () => void copy(url(), 'Link') },
            { name: 'Copy id', icon: 'copy', act: () => void copy(id, 'Id') },
            { name: 'Copy as text', icon: 'copy', act: () => void copy(textOf(incident, url(), Date.now()), 'Text') },
            {
              name: 'Copy as Markdown',
              icon: 'copy',
              act: () => void copy(markdownOf(incident, url(), Date.now()), 'Markdown'),
            },
            {
              name: 'Export as JSON',
              icon: 'download',
              file: `/api/v1${path}`,
              fileName: `incident-${opened(incident)}.json`,
            },
          ],
        ]}
      />
      <span className="copied" role="status">
        {said}
      </span>
    </>
  );
}

/** A time that a file's name can hold. */
const opened = ({ opened: time }: IncidentDetail): string =>
  new Date(time).toISOString().slice(0, 19).replaceAll(':', '-');
