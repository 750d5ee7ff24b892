import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SafeText, safe } from '../../../../cli/terminal/safe-text.js';

const CLI = fileURLToPath(new URL('../../../../cli', import.meta.url));

/** By ranges, after Unicode's own lists of controls, bidi controls and invisible characters. */
const HARMFUL: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe007f],
];

function isHarmful(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return HARMFUL.some(([first, last]) => code >= first && code <= last);
  });
}

const anyText = fc.string({
  unit: fc.oneof(
    fc
      .constantFrom(...HARMFUL)
      .chain(([first, last]) => fc.integer({ min: first, max: last }).map((code) => String.fromCodePoint(code))),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('SafeText', () => {
  it('escapes what moves the cursor, what breaks the line, and what turns or hides text', () => {
    expect(`${SafeText.of('\x1b[2J')}`).toBe('\\x1b[2J');
    expect(`${SafeText.of('\x9b2J\x7f')}`).toBe('\\x9b2J\\x7f');
    expect(`${SafeText.of('a\nb\r\tc')}`).toBe('a\\x0ab\\x0d\\x09c');
    expect(`${SafeText.of('\u202egnp.exe\u2066\u200f\u061c')}`).toBe('\\u202egnp.exe\\u2066\\u200f\\u061c');
    expect(`${SafeText.of('a\u200bb\ufeff\u2028\ud800')}`).toBe('a\\u200bb\\ufeff\\u2028\\ud800');
    expect(`${SafeText.of('\u{e0041}')}`).toBe('\\u{e0041}');
  });

  it('leaves alone what people write: other scripts, accents, emoji, backslashes', () => {
    for (const text of ['Straße 5 %', 'Ελλάδα', '日本語', 'שלום', '😀', 'C:\\x1b\\temp', 'e\u0301']) {
      expect(`${SafeText.of(text)}`).toBe(text);
    }
  });

  it('lets no harmful character through, whatever the text, from any of its makers', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const made of [
          SafeText.of(text),
          safe`<${text}>`,
          SafeText.join([safe`${text}`], ','),
          SafeText.json({ [text]: text }),
        ]) {
          expect(isHarmful(`${made}`)).toBe(false);
        }
        expect(isHarmful(`${SafeText.lines(text)}`.replaceAll('\n', ''))).toBe(false);
      }),
    );
  });

  it('makes JSON that is read as the value that it was made of', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(JSON.parse(`${SafeText.json({ [`k${text}`]: [text] })}`)).toEqual({ [`k${text}`]: [text] });
      }),
    );
  });

  it('keeps colours and lines of its own within a template, and escapes what is put beside them', () => {
    const red = safe`a${'\x1b'}`.with((text) => `\x1b[31m${text}\x1b[39m`);
    expect(`${safe`${red}\n${'\x1b[31m'}${5}`}`).toBe('\x1b[31ma\\x1b\x1b[39m\n\\x1b[31m5');
  });
});

it('nothing of the command line writes to the terminal but by way of safe text', () => {
  const files = readdirSync(CLI, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const writers = files.filter((name) =>
    /std(out|err)\b[^;\n]*\.write|console\.|createLogUpdate|new Table\(/.test(readFileSync(join(CLI, name), 'utf8')),
  );
  expect(writers.sort()).toEqual(['terminal/output.ts', 'terminal/screen.ts', 'terminal/table.ts']);
});
