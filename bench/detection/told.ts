import type { Incident } from '../../schemas/records.js';

/** What the benchmarks of generated traffic are asked. */
export interface MeasureOptions {
  readonly seed: number;
  /** Whether incidents are printed. */
  readonly tells: boolean;
  /** A part of the names of the shapes that are measured. */
  readonly only: string;
}

export function tell(incidents: readonly Incident[]): void {
  for (const { detectors, opened, scope, severity, summary } of incidents)
    console.log(`    ${new Date(opened).toISOString()} ${severity} ${scope} ${detectors.join()}: ${summary}`);
}
