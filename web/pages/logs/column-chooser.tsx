import type { LogLine } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { fieldsOf, USUAL_NAMES } from './line-columns.js';

interface ColumnChooserProps {
  readonly lines: readonly LogLine[];
  readonly chosen: readonly string[];
  /** Without names the usual columns are shown. */
  readonly onChoose: (names: readonly string[]) => void;
}

/** Which fields of lines are columns of the list. A new one comes last; the URL has them in their order. */
export function ColumnChooser({ chosen, lines, onChoose }: ColumnChooserProps) {
  const choose = (names: readonly string[]) => onChoose(names.join() === USUAL_NAMES.join() ? [] : names);
  return (
    <>
      <button
        type="button"
        className="btn sq"
        popoverTarget="pop-columns"
        aria-haspopup="dialog"
        aria-label="Columns"
        title="Columns"
      >
        <Icon name="columns" />
      </button>
      <div popover="auto" id="pop-columns" className="pop at-r cols" role="dialog" aria-label="Columns">
        <p className="pop-t">
          Columns <span className="dim">beside time and level</span>
        </p>
        <ul>
          {fieldsOf(lines, chosen).map((name) => {
            const isChosen = chosen.includes(name);
            return (
              <li key={name}>
                <label className="cb">
                  <input
                    type="checkbox"
                    checked={isChosen}
                    disabled={isChosen && chosen.length === 1}
                    onChange={() => choose(isChosen ? chosen.filter((one) => one !== name) : [...chosen, name])}
                  />
                  {name}
                </label>
              </li>
            );
          })}
        </ul>
        <button type="button" className="btn sm" onClick={() => onChoose([])}>
          The usual ones
        </button>
      </div>
    </>
  );
}
