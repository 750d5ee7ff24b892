import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const GUIDE = 'docs/streams';
const BLOCK = /^```(\w+)\n(.*?)^```$/gms;

/** A program of the documentation: a block that starts with an import, and the blocks after it that continue it. */
export interface Program {
  readonly page: string;
  readonly text: string;
  /** What the page says that it prints: the `text` block behind it. */
  readonly prints: string | undefined;
}

/** The pages with programs, by their paths in the repository. */
export function pages(): string[] {
  const chapters = readdirSync(join(ROOT, GUIDE)).filter((name) => name.endsWith('.md'));
  return ['README.md', 'streams/README.md', ...chapters.map((name) => `${GUIDE}/${name}`)];
}

export function programsOf(page: string): Program[] {
  const programs: { page: string; text: string; prints: string | undefined }[] = [];
  for (const [, language, content = ''] of readFileSync(join(ROOT, page), 'utf8').matchAll(BLOCK)) {
    const last = programs.at(-1);
    if (language === 'ts' && content.startsWith('import ')) programs.push({ page, text: content, prints: undefined });
    else if (language === 'ts' && last === undefined) throw new Error(`${page}: its first block of code has no import`);
    else if (language === 'ts' && last !== undefined) last.text += `\n${content}`;
    else if (language === 'text' && last !== undefined) last.prints = content;
  }
  return programs;
}
