import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** Processor time that a process has used since it started, in seconds, as Linux counts it. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** Bytes that a process has sent or written since it started. */
export function bytesSentBy(pid: number): number {
  return ioOf(pid, 'wchar');
}

export interface Usage {
  cpuSeconds: number;
  /** The most memory that it has held (RSS). */
  peakBytes: number;
  /** What it has given to the file system's storage. */
  filesBytes: number;
}

const NOTHING: Usage = { cpuSeconds: 0, peakBytes: 0, filesBytes: 0 };

/**
 * What a process and its descendants use. What has ended counts with what was last seen of it, so sample often; look for
 * new descendants now and then, for that reads all of /proc.
 */
export class ProcessTree {
  readonly #seen = new Map<number, Usage>();

  constructor(root: number) {
    this.#seen.set(root, { ...NOTHING });
  }

  /** The sum over all of them. */
  get usage(): Usage {
    const sum = { ...NOTHING };
    for (const { cpuSeconds, filesBytes, peakBytes } of this.#seen.values()) {
      sum.cpuSeconds += cpuSeconds;
      sum.peakBytes += peakBytes;
      sum.filesBytes += filesBytes;
    }
    return sum;
  }

  sample(): void {
    for (const [pid, usage] of this.#seen) {
      try {
        usage.cpuSeconds = cpuSecondsOf(pid);
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        usage.peakBytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? usage.peakBytes / 1024) * 1024;
        usage.filesBytes = ioOf(pid, 'write_bytes');
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
        this.#seen.set(pid, { ...NOTHING });
        found = true;
      }
    }
  }
}

function ioOf(pid: number, name: 'wchar' | 'write_bytes'): number {
  const line = new RegExp(`^${name}: (\\d+)$`, 'm').exec(readFileSync(`/proc/${pid}/io`, 'utf8'));
  return Number(line?.[1] ?? 0);
}

/** The fields of /proc/<pid>/stat from the state on: the name before it may hold anything. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
