import { useEffect, useId, useRef } from 'react';
import { TableHead } from '../parts/table-head.js';
import { useCopy } from '../parts/use-copy.js';
import { count, whenToSecond } from '../parts/wording.js';
import { type ValueColumn, valuesText } from './values-text.js';

export interface ValuesOfChart {
  readonly label: string;
  readonly times: readonly number[];
  readonly columns: readonly ValueColumn[];
  readonly format: (value: number) => string;
}

/** All values of a chart, the newest first; those of the moment at which it was opened. */
export default function ValueTable(props: ValuesOfChart & { readonly onClose: () => void }) {
  const { columns, format, label, times } = useRef(props).current;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const { copy, said } = useCopy();
  const last = times.at(-1) ?? 0;
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="dialog vals" aria-labelledby={id} onClose={props.onClose}>
      <h2 id={id}>{label}</h2>
      <p className="s t2">{count(times.length, 'point')}, the newest first; times are UTC.</p>
      <section
        className="vals-t"
        aria-label="Values"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        tabIndex={0}
      >
        <table className="tb">
          <TableHead words={['time']} numbers={columns.map(({ name }) => name)} />
          <tbody>
            {times
              .map((time, index) => (
                <tr key={`${time}/${index}`}>
                  <td className="mono">{whenToSecond(time, last)}</td>
                  {columns.map(({ name, values }) => {
                    const value = values[index];
                    return (
                      <td key={name} className="num">
                        {value === null || value === undefined ? <span className="dim">–</span> : format(value)}
                      </td>
                    );
                  })}
                </tr>
              ))
              .toReversed()}
          </tbody>
        </table>
      </section>
      <div className="flex justify-end gap-2 items-center">
        <span className="copied r" role="status">
          {said}
        </span>
        <button type="button" className="btn" onClick={() => void copy(valuesText(times, columns), 'Values')}>
          Copy
        </button>
        <button type="button" className="btn primary" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
