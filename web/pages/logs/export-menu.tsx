import type { LogLine } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { useCopy } from '../../parts/use-copy.js';
import { useVisitor } from '../../shell/visitor.js';
import { asCurl } from './as-curl.js';

const FORMATS = [
  ['ndjson', 'JSON, a line each'],
  ['csv', 'CSV'],
  ['parquet', 'Parquet'],
] as const;

interface ExportMenuProps {
  readonly query: { readonly source: LogLine['kind']; readonly q: string; readonly from: string; readonly to?: string };
  readonly total: string;
  /** When the lines in the list begin and end; undefined while there are none. */
  readonly times: { readonly from: number; readonly to: number } | undefined;
}

/** All lines that match as a file, not only those that are loaded; and the search itself, to be asked elsewhere. */
export function ExportMenu({ query, times, total }: ExportMenuProps) {
  const { canSignOut } = useVisitor();
  const { copy, said } = useCopy();
  const close = () => document.getElementById('pop-export')?.hidePopover();
  const url = '/api/v1/logs/export';
  const copyCurl = () => {
    const request = { url: `${location.origin}${url}`, query: { ...query, format: 'ndjson' }, needsToken: canSignOut };
    void copy(asCurl(request), 'Command');
    close();
  };
  const copyLink = () => {
    const link = new URL(location.href);
    if (times !== undefined) {
      link.searchParams.set('from', String(times.from));
      link.searchParams.set('to', String(times.to));
    }
    void copy(link.href, 'Link');
    close();
  };
  return (
    <>
      <button
        type="button"
        className="btn sq"
        popoverTarget="pop-export"
        aria-haspopup="dialog"
        aria-label="Export or share what matches"
        title="Export or share what matches"
      >
        <Icon name="download" />
      </button>
      <div popover="auto" id="pop-export" className="pop at-r" role="dialog" aria-label="Export">
        <p className="pop-t">
          Export <span className="dim">{total}</span>
        </p>
        <ul className="menu">
          {FORMATS.map(([format, words]) => (
            <li key={format}>
              <a href={`${url}?${new URLSearchParams({ ...query, format })}`} download onClick={close}>
                {words}
              </a>
            </li>
          ))}
          <li>
            <button type="button" onClick={copyCurl}>
              Copy as curl
            </button>
          </li>
          <li>
            <button type="button" onClick={copyLink}>
              Copy link to these times
            </button>
          </li>
        </ul>
      </div>
      <span className="copied" role="status">
        {said}
      </span>
    </>
  );
}
