import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';
import { SafeText } from './safe-text.js';

/** How many columns of a terminal a text takes: colours take none, wide characters two. */
export function widthOf(text: SafeText): number {
  return stringWidth(text.toString());
}

/** The text, cut off with an ellipsis where it is wider than so many columns. */
export function cut(text: SafeText, columns: number): SafeText {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return SafeText.empty;
  return text.with((all) => {
    const start = sliceAnsi(all, 0, columns - 1);
    // A wide character at the end may reach one column further.
    return `${stringWidth(start) < columns ? start : sliceAnsi(all, 0, columns - 2)}…`;
  });
}

export function padEnd(text: SafeText, columns: number): SafeText {
  return text.with((all) => all + ' '.repeat(Math.max(0, columns - widthOf(text))));
}

export function padStart(text: SafeText, columns: number): SafeText {
  return text.with((all) => ' '.repeat(Math.max(0, columns - widthOf(text))) + all);
}
