import { duration, number, when, whenToSecond, whole } from '../../parts/wording.js';
import { type History, newestOf, type Rates, ratesOf } from './rates.js';
import { type InstanceStatus, partitionsOf } from './status.js';

const SILENT_MS = 10_000;
const BEHIND_MS = 1_000;
/** Rates closer than this are the same. */
const SAME = 0.02;

export interface Bottleneck {
  readonly tone: 'ok' | 'warning';
  readonly sentence: string;
  /** What it is about, as the URL names a node. */
  readonly node?: string;
}

/** What holds the pipeline up now, as a sentence; or that nothing does, and what has the most to do. */
export function bottleneckOf(history: History, now: number): Bottleneck {
  const instances = newestOf(history);
  const rates = ratesOf(history);
  return (
    silent(instances, now) ??
    notRunning(instances) ??
    behind(instances, rates) ??
    heldBack(instances, now) ??
    nothing(instances, rates)
  );
}

function silent(instances: readonly InstanceStatus[], now: number): Bottleneck | undefined {
  const latest = Math.max(...instances.map(({ time }) => time));
  if (now - latest < SILENT_MS) return undefined;
  const stopped = instances.every(({ state }) => state === 'NOT_RUNNING');
  return {
    tone: 'warning',
    sentence: stopped
      ? `It does not run: the last instance ended at ${when(latest, now)}.`
      : `No instance has said anything for ${duration(now - latest)}. What you see is as of ${when(latest, now)}.`,
  };
}

function notRunning(instances: readonly InstanceStatus[]): Bottleneck | undefined {
  const one = instances.find(({ restore, state }) => state !== 'RUNNING' || restore.total > restore.done);
  if (one === undefined) return undefined;
  const { instance, restore, state } = one;
  if (restore.total > restore.done) {
    const share = number((restore.done / restore.total) * 100);
    return {
      tone: 'warning',
      sentence: `${instance} restores its stores: ${share} % of ${whole(restore.total)} records.`,
    };
  }
  return { tone: 'warning', sentence: `${instance} is ${state.toLowerCase().replaceAll('_', ' ')}.` };
}

function behind(instances: readonly InstanceStatus[], rates: Rates): Bottleneck | undefined {
  const [worst] = partitionsOf(instances);
  if (worst?.lagMs === undefined || worst.lagMs < BEHIND_MS) return undefined;
  const name = `${worst.topic}/${worst.partition}`;
  const rate = rates.partitions.get(name);
  const start = `${name} is ${number(worst.lagMs / 1000)} s behind (${whole(worst.lagRecords ?? 0)} records)`;
  if (rate === undefined) return { tone: 'warning', sentence: `${start}.`, node: worst.topic };
  const { read, written } = rate;
  const both = `${number(written)}/s come in, ${number(read)}/s are processed`;
  const busiest = busiestOf(rates);
  const most = busiest === undefined ? '' : ` ${busiest.name} has the most to do: ${number(busiest.rate)}/s.`;
  if (written > read * (1 + SAME)) {
    return { tone: 'warning', sentence: `${start} and falls further behind: ${both}.${most}`, node: worst.topic };
  }
  if (read > written * (1 + SAME)) {
    const left = (worst.lagRecords ?? 0) / (read - written);
    return {
      tone: 'warning',
      sentence: `${start} and catches up in about ${duration(left * 1000)}: ${both}.`,
      node: worst.topic,
    };
  }
  return { tone: 'warning', sentence: `${start} and stays so: ${both}.${most}`, node: worst.topic };
}

function heldBack(instances: readonly InstanceStatus[], now: number): Bottleneck | undefined {
  const holder = partitionsOf(instances).find(({ holdsBack }) => holdsBack);
  if (holder !== undefined) {
    const since =
      holder.watermark === undefined
        ? 'nothing has come of it yet'
        : `its newest record is of ${whenToSecond(holder.watermark, now)}`;
    const name = `${holder.topic}/${holder.partition}`;
    return {
      tone: 'warning',
      sentence: `${name} holds stream time back: ${since}, and windows wait for it.`,
      node: holder.topic,
    };
  }
  const waiting = instances.flatMap(({ tasks }) => tasks).find(({ waitsForUpstream }) => waitsForUpstream);
  if (waiting === undefined) return undefined;
  return {
    tone: 'warning',
    sentence: `Task ${waiting.task} waits for the tasks that feed it: its windows close when they are as far.`,
  };
}

function nothing(instances: readonly InstanceStatus[], rates: Rates): Bottleneck {
  const [worst] = partitionsOf(instances);
  const most = busiestOf(rates);
  const lag = worst?.lagMs === undefined ? '' : `, ${number(worst.lagMs / 1000)} s behind at most`;
  const busiest =
    most === undefined ? '' : ` ${most.name} has the most to do: ${number(most.rate)} records a second in and out.`;
  return {
    tone: 'ok',
    sentence: `Nothing holds it up${lag}.${busiest}`,
    ...(most !== undefined && { node: most.name }),
  };
}

function busiestOf({ nodes }: Rates): { readonly name: string; readonly rate: number } | undefined {
  if (nodes === undefined) return undefined;
  let most: { name: string; rate: number } | undefined;
  for (const [name, { recordsIn, recordsOut }] of nodes) {
    const rate = recordsIn + recordsOut;
    if (rate > (most?.rate ?? 0)) most = { name, rate };
  }
  return most;
}
