import { useRef } from 'react';
import { useIntoView } from './use-into-view.js';

interface SegmentsProps<Name extends string> {
  /** What they choose between, for who does not see it. */
  readonly label: string;
  readonly options: readonly (readonly [name: Name, words: string, ...unknown[]])[];
  readonly chosen: string;
  readonly onChoose: (name: Name) => void;
}

/** Buttons side by side, one of which is chosen. */
export function Segments<Name extends string>({ chosen, label, onChoose, options }: SegmentsProps<Name>) {
  const all = useRef<HTMLElement>(null);
  useIntoView(all, chosen);
  return (
    <nav ref={all} className="seg" aria-label={label}>
      {options.map(([name, words]) => (
        <button key={name} type="button" aria-pressed={name === chosen} onClick={() => onChoose(name)}>
          {words}
        </button>
      ))}
    </nav>
  );
}
