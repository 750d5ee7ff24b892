/** What the disk refuses, wherever in an error's causes that stands: as Node names it, or as LevelDB spells it. */
export function diskFailureOf(error: unknown): 'full' | 'read-only' | undefined {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (['ENOSPC', 'EDQUOT'].includes(code ?? '') || /no space left|quota exceeded/i.test(message)) return 'full';
    if (code === 'EROFS' || /read-only file system/i.test(message)) return 'read-only';
  }
  return undefined;
}
