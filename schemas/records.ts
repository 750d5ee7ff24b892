import { readFileSync } from 'node:fs';
import type { Schema } from 'avsc';

/** One request. Times are milliseconds since the epoch. */
export interface AccessLog {
  readonly server: string;
  readonly client_ip: string;
  readonly method: string;
  readonly status: number;
  /** Seconds; null where the log does not say. */
  readonly request_time: number | null;
  readonly host: string;
  readonly country: string;
  readonly timestamp: number;
}

interface WindowResult {
  readonly window_start: number;
  readonly window_end: number;
  readonly count: number;
}

export interface Goal1 extends WindowResult {
  readonly client_ip: string;
}

export interface Goal2 extends WindowResult {
  readonly host: string;
}

export interface Goal3 extends WindowResult {
  readonly country: string;
}

export interface Goal4 extends WindowResult {
  readonly host: string;
  /** Seconds. */
  readonly avg_request_time: number;
}

/** Reads a schema of this folder; the build copies them beside the code. */
export function readSchema(name: 'access-log' | 'goal1' | 'goal2' | 'goal3' | 'goal4'): Schema {
  return JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8')) as Schema;
}
