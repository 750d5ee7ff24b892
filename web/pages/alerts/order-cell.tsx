import { useState } from 'react';
import { Icon } from '../../parts/icon.js';

interface OrderCellProps {
  readonly id: string;
  readonly index: number;
  readonly last: number;
  /** Undefined where the visitor may not change the order. */
  readonly onMove: ((id: string, place: number) => void) | undefined;
}

const KIND = 'application/x-millrace-route';

/** A route's place: it is dragged by its grip to that of another one, or moved by the buttons. */
export function OrderCell({ id, index, last, onMove }: OrderCellProps) {
  const [isOver, setOver] = useState(false);
  if (onMove === undefined) return <td className="ord">{index + 1}</td>;
  return (
    <td
      className={`ord ${isOver ? 'over' : ''}`}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(KIND)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const dragged = event.dataTransfer.getData(KIND);
        if (dragged !== '' && dragged !== id) onMove(dragged, index);
      }}
    >
      <span
        className="grip"
        draggable
        aria-hidden="true"
        title="Drag to another place"
        onDragStart={({ dataTransfer }) => {
          dataTransfer.setData(KIND, id);
          dataTransfer.effectAllowed = 'move';
        }}
      >
        <Icon name="grip" />
      </span>
      {index + 1}
      <button
        type="button"
        className="btn ghost sm sq"
        aria-label={`Move ${id} up`}
        title="Up"
        aria-disabled={index === 0}
        onClick={() => onMove(id, index - 1)}
      >
        <Icon name="down" className="up" />
      </button>
      <button
        type="button"
        className="btn ghost sm sq"
        aria-label={`Move ${id} down`}
        title="Down"
        aria-disabled={index === last}
        onClick={() => onMove(id, index + 1)}
      >
        <Icon name="down" />
      </button>
    </td>
  );
}
