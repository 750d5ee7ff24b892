import type { LogLine } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';

const FORMATS = [
  ['ndjson', 'JSON, a line each'],
  ['csv', 'CSV'],
  ['parquet', 'Parquet'],
] as const;

interface ExportMenuProps {
  readonly query: { readonly source: LogLine['kind']; readonly q: string; readonly from: string; readonly to?: string };
  readonly total: string;
}

/** All lines that match as a file, not only those that are loaded. */
export function ExportMenu({ query, total }: ExportMenuProps) {
  return (
    <>
      <button
        type="button"
        className="btn sq"
        popoverTarget="pop-export"
        aria-haspopup="menu"
        aria-label="Export what matches"
        title="Export what matches"
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
              <a
                href={`/api/v1/logs/export?${new URLSearchParams({ ...query, format })}`}
                download
                onClick={() => document.getElementById('pop-export')?.hidePopover()}
              >
                {words}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
