import { type ChildProcess, fork } from 'node:child_process';

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
