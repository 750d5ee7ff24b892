import { type ChildProcess, fork } from 'node:child_process';

interface ProcessHandlers<Report> {
  readonly onReport: (report: Report) => void;
  /** @param how it ended: by a signal, or with a code */
  readonly onExit: (how: string) => void;
}

export interface ProcessBeside {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

/** Starts a program in a process of its own, and gives it its task. It does not keep this process from ending. */
export function startBeside<Report>(
  program: string,
  task: object,
  { onExit, onReport }: ProcessHandlers<Report>,
): ProcessBeside {
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
  child.on('message', onReport);
  child.on('error', () => {});
  child.send(task, () => {});
  // This process says how long that one runs.
  child.unref();
  child.channel?.unref();
  const exited = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      resolve();
      onExit(`${signal ?? `code ${code}`}`);
    });
  });
  return { child, exited };
}
