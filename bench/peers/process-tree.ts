import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** Processor time that a process has used since it started, in seconds, as Linux counts it. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** Bytes that a process has written to files, and sent, since it started. */
export function bytesWrittenBy(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
}

/**
 * What a process and its descendants use. What has ended counts with what was last seen of it, so sample often; look for
 * new descendants now and then, for that reads all of /proc.
 */
export class ProcessTree {
  readonly #seen = new Map<number, { cpuSeconds: number; peakBytes: number }>();

  constructor(root: number) {
    this.#seen.set(root, { cpuSeconds: 0, peakBytes: 0 });
  }

  /** Processor time of all, in seconds. */
  get cpuSeconds(): number {
    return [...this.#seen.values()].reduce((total, { cpuSeconds }) => total + cpuSeconds, 0);
  }

  /** The sum over the processes of the most memory that each has held (RSS), in bytes. */
  get peakBytes(): number {
    return [...this.#seen.values()].reduce((total, { peakBytes }) => total + peakBytes, 0);
  }

  sample(): void {
    for (const [pid, usage] of this.#seen) {
      try {
        usage.cpuSeconds = cpuSecondsOf(pid);
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        usage.peakBytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? usage.peakBytes / 1024) * 1024;
      } catch {
        // It has ended.
      }
    }
  }

  findDescendants(): void {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        parents.set(Number(name), Number(statOf(Number(name))[1]));
      } catch {
        // It has ended.
      }
    }
    for (let found = true; found; ) {
      found = false;
      for (const [pid, parent] of parents) {
        if (!this.#seen.has(parent) || this.#seen.has(pid)) continue;
        this.#seen.set(pid, { cpuSeconds: 0, peakBytes: 0 });
        found = true;
      }
    }
  }
}

/** The fields of /proc/<pid>/stat from the state on: the name before it may hold anything. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
