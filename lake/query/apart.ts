import { type ChildProcess, fork } from 'node:child_process';
import { LakeError } from '../lake-error.js';

/**
 * Starts a process in which statements of SQL are run. It gets nothing of this process's environment: no statement can
 * tell what is in it.
 */
export function forkApart(program: string): ChildProcess {
  return fork(program, {
    env: {},
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

export interface ApartOptions {
  /** Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Ends the process. */
  readonly signal?: AbortSignal;
}

type Failed = { readonly kind: 'failed'; readonly code: LakeError['code']; readonly message: string };

/**
 * Starts a process with one task, and ends it once it has said that it is done, or has failed, or takes too long.
 *
 * @param take what it says before
 * @returns what it says when it is done
 * @throws LakeError
 */
export async function runApart<Report extends { readonly kind: string }>(
  program: string,
  task: object,
  { signal, timeoutMs = 30_000 }: ApartOptions,
  take: (report: Exclude<Report, { kind: 'done' } | Failed>) => void,
): Promise<Extract<Report, { kind: 'done' }>> {
  const child = forkApart(program);
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new LakeError('QUERY_LIMIT', `the query took longer than ${timeoutMs / 1000} s, and was ended`));
      }, timeoutMs);
      abort = () => reject(new LakeError('QUERY_FAILED', 'the query was interrupted'));
      signal?.addEventListener('abort', abort);
      child.on('message', (report: Report | Failed) => {
        if (isFailed(report)) reject(new LakeError(report.code, report.message));
        else if (report.kind === 'done') resolve(report as Extract<Report, { kind: 'done' }>);
        else take(report as Exclude<Report, { kind: 'done' } | Failed>);
      });
      child.on('error', (cause) =>
        reject(new LakeError('QUERY_FAILED', `no process for the query: ${cause.message}`, { cause })),
      );
      child.on('exit', (code, killedBy) => {
        reject(new LakeError('QUERY_FAILED', `the query's process has ended (${killedBy ?? `code ${code}`})`));
      });
      child.send(task, () => {});
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    child.kill('SIGKILL');
  }
}

function isFailed(report: { readonly kind: string }): report is Failed {
  return report.kind === 'failed';
}
