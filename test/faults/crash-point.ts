import type { Random } from '../../producer/random.js';

/** Where a process kills or freezes itself; crash-points.mjs does it. */
export interface CrashPoint {
  readonly step: string;
  /** Before the step's call, `delayMs` into it, or when it has ended. */
  readonly moment: 'before' | 'during' | 'after';
  /** At the step's pass of this number, from 1. */
  readonly pass: number;
  readonly delayMs: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** The steps of the commit cycle and of starting over, with about how often a process passes each in a few seconds. */
const ANYWHERE = {
  'tasks-open': 2,
  'tasks-close': 1,
  flush: 60,
  'state-open': 8,
  'state-write': 60,
  'state-clear': 10,
  'records-delete': 1,
};
const EMBEDDED = { ...ANYWHERE, 'log-write': 40 };
const KAFKA = {
  ...ANYWHERE,
  'init-transactions': 1,
  'begin-transaction': 12,
  produce: 150,
  'send-offsets': 12,
  'commit-transaction': 12,
  'committed-offsets': 8,
};
/** What a process that only writes passes. */
const PRODUCER = { 'init-transactions': 1, 'begin-transaction': 30, produce: 1500, 'commit-transaction': 30 };
const STEPS = { embedded: EMBEDDED, kafka: KAFKA, producer: PRODUCER };

export function drawCrashPoint(random: Random, of: keyof typeof STEPS): CrashPoint {
  const steps = Object.entries<number>(STEPS[of]);
  const [step, passes] = steps[random.below(steps.length)] as [string, number];
  const moments = ['before', 'during', 'after'] as const;
  return {
    step,
    moment: moments[random.below(3)] as CrashPoint['moment'],
    pass: 1 + random.below(passes),
    delayMs: random.below(8),
    signal: random.below(4) === 0 ? 'SIGSTOP' : 'SIGKILL',
  };
}
