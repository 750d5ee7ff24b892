/** What a file system refuses, as the errors of Node name it and as those of LevelDB spell it, and what to do then. */
const TROUBLES: readonly { readonly codes: readonly string[]; readonly words: RegExp; readonly advice: string }[] = [
  {
    codes: ['ENOSPC', 'EDQUOT'],
    words: /IO error.*(No space left on device|Disk quota exceeded)/i,
    advice:
      'the disk is full; free some space, or move the data directory to a larger disk, and start again: what is committed is safe',
  },
  {
    codes: ['EROFS'],
    words: /IO error.*Read-only file system/i,
    advice: 'the disk is read-only; choose another directory, or mount it writable',
  },
  {
    codes: ['EMFILE', 'ENFILE'],
    words: /IO error.*Too many open files/i,
    advice: 'too many files are open; raise the limit (ulimit -n) and start again',
  },
  {
    codes: ['EIO'],
    words: /IO error.*Input\/output error/i,
    advice: 'the disk fails to read or write; see the system log (dmesg) and move the data directory to a sound one',
  },
];

/** What to say when a failure came of the disk, wherever in its causes that stands; undefined when it did not. */
export function diskTrouble(error: Error): string | undefined {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const found = TROUBLES.find(({ codes, words }) => codes.includes(code ?? '') || words.test(message));
    if (found !== undefined) {
      const where = pathOf(cause as NodeJS.ErrnoException);
      return where === undefined ? found.advice : `${where}: ${found.advice}`;
    }
  }
  return undefined;
}

/** LevelDB's messages start with the path, behind the kind: `IO error: /data/log/000003.log: No space left on device`. */
function pathOf({ message, path }: NodeJS.ErrnoException): string | undefined {
  return path ?? /(?:^|: )(\/[^:]+): [A-Z]/.exec(message)?.[1];
}
