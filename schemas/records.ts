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
