// Loaded into a process before its program: holds one of Node's threads for ever, as a native client that hangs does.
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs';
import { join } from 'node:path';

const pipe = join(process.env.MILLRACE_TEST_DIRECTORY, `pipe-${process.pid}`);
execFileSync('mkfifo', [pipe]);
open(pipe, 'r', () => {});
