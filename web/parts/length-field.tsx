import type { ReactNode } from 'react';

/** What a form sends, and how long that is in words. */
export type Length = readonly [value: string, words: string];

/** For how long nobody is told of something. */
export const SILENCE_LENGTHS: readonly Length[] = [
  ['30m', '30 minutes'],
  ['2h', '2 hours'],
  ['8h', '8 hours'],
  ['1d', 'a day'],
  ['7d', '7 days'],
];

interface LengthFieldProps {
  readonly label: string;
  readonly lengths: readonly Length[];
  readonly chosen: string;
  /** Explains what is chosen. */
  readonly children?: ReactNode;
}

/** Asks for how long, as the field `for` of a form. */
export function LengthField({ children, chosen, label, lengths }: LengthFieldProps) {
  return (
    <label>
      {label}
      <select name="for" className="in" defaultValue={chosen}>
        {lengths.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      {children}
    </label>
  );
}
