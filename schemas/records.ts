/** One request. Times are milliseconds since the epoch. */
export interface AccessLog {
  readonly server: string;
  /** In its one spelling; `-` where the log names none. */
  readonly client_ip: string;
  readonly method: string;
  /** 100 to 999; 0 where there is none. */
  readonly status: number;
  /** Seconds; null where the log does not say. */
  readonly request_time: number | null;
  readonly host: string;
  readonly country: string;
  readonly timestamp: number;
  /** Of the response's body; null where the log does not say. */
  readonly bytes?: number | null;
  /** Without its query. */
  readonly path?: string | null;
  readonly query?: string | null;
  readonly user_agent?: string | null;
  readonly referrer?: string | null;
  readonly user?: string | null;
  /** Seconds that backends took. */
  readonly upstream_time?: number | null;
  readonly protocol?: string | null;
  readonly tls?: string | null;
  readonly request_id?: string | null;
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

/** Responses of status 500 to 599 of a host in a window. */
export interface HostServerErrors extends WindowResult {
  readonly host: string;
  /** All of the window. */
  readonly requests: number;
  readonly first_error: number;
  readonly last_error: number;
}

/** One line that a service logged. */
export interface ServiceLog {
  readonly timestamp: number;
  readonly service: string;
  readonly level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'CRITICAL';
  readonly message: string;
  /** Milliseconds. */
  readonly response_time: number | null;
  readonly endpoint: string | null;
  readonly method: string | null;
  readonly status: number | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly request_id: string | null;
  readonly ip: string | null;
  readonly bytes: number | null;
  readonly source: string | null;
  /** Of simulated lines: whether a fault was put into it, or made it. */
  readonly is_anomaly: boolean;
  readonly trace_id?: string | null;
  readonly span_id?: string | null;
  /** Whatever else it says, by name. */
  readonly attributes?: Readonly<Record<string, string>> | null;
}

export interface SensorReading {
  readonly sensor_id: string;
  /** Degrees Celsius. */
  readonly temperature: number | null;
  readonly pressure: number | null;
  /** Any other quantity, which the sensor is named after: `pump-1/vibration`. */
  readonly value?: number | null;
  readonly timestamp: number;
  /** Of simulated readings: whether a fault was put into it. */
  readonly is_anomaly: boolean;
}

export interface SensorScore {
  readonly sensor_id: string;
  readonly temperature: number | null;
  readonly pressure: number | null;
  readonly value: number | null;
  readonly timestamp: number;
  /** 1 when a limit is exceeded, else 0. */
  readonly anomaly_score: number;
  /** 0 to 1. */
  readonly learned_score: number;
  readonly is_anomaly: boolean;
  readonly fields: readonly string[];
}

export interface SensorHour {
  readonly sensor_id: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly count: number;
  readonly over_limit: number;
  readonly temperature_min: number | null;
  readonly temperature_avg: number | null;
  readonly temperature_max: number | null;
  readonly temperature_stddev: number | null;
  readonly pressure_min: number | null;
  readonly pressure_avg: number | null;
  readonly pressure_max: number | null;
  readonly pressure_stddev: number | null;
  readonly value_min: number | null;
  readonly value_avg: number | null;
  readonly value_max: number | null;
  readonly value_stddev: number | null;
}

export interface BrokenRule {
  readonly rule: string;
  readonly value: number;
  readonly limit: number;
}

/** A minute of one host, or of all, `*`. Times of responses are milliseconds. */
export interface WebStatistics {
  readonly host: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly request_count: number;
  readonly avg_response_time: number | null;
  readonly stddev_response_time: number | null;
  readonly p50_response_time: number | null;
  readonly p95_response_time: number | null;
  readonly p99_response_time: number | null;
  readonly client_errors: number;
  readonly server_errors: number;
  readonly error_rate: number;
  readonly bytes: number | null;
  readonly is_anomaly: boolean;
  readonly rules: readonly BrokenRule[];
}

/** A few seconds of one host, or of all, `*`. Times of responses are milliseconds. */
export interface Traffic {
  readonly host: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly requests: number;
  readonly status_1xx: number;
  readonly status_2xx: number;
  readonly status_3xx: number;
  readonly status_4xx: number;
  readonly status_5xx: number;
  readonly p50_response_time: number | null;
  readonly p95_response_time: number | null;
  readonly p99_response_time: number | null;
  readonly bytes: number | null;
  readonly clients: number;
}

/** How a service does, from a few seconds of its logs. Times of responses are milliseconds. */
export interface ServiceHealth {
  readonly service: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly count: number;
  /** Lines a second. */
  readonly throughput: number;
  readonly avg_response_time: number | null;
  readonly p50_response_time: number | null;
  readonly p95_response_time: number | null;
  readonly error_rate: number;
  readonly active_sessions: number;
  readonly bytes: number;
  readonly health: 'healthy' | 'degraded' | 'down';
  readonly p99_response_time?: number | null;
  /** What was to be expected of the window by the service's past; null while that is being learned. */
  readonly expected_count_low?: number | null;
  readonly expected_count_high?: number | null;
  readonly expected_response_time_low?: number | null;
  readonly expected_response_time_high?: number | null;
  readonly expected_error_rate_high?: number | null;
  readonly is_learning?: boolean;
}

/** What a trained model says of a service's window. */
export interface MlPrediction {
  readonly service: string;
  readonly window_start: number;
  readonly window_end: number;
  /** 0 to 1. */
  readonly score: number;
  readonly is_anomaly: boolean;
  readonly model_version: number;
  readonly fields: readonly string[];
}

export type Severity = 'info' | 'warning' | 'critical';
export type SourceKind = 'web' | 'sensor' | 'service';

/** How often something was there. */
export interface Counted {
  readonly value: string;
  readonly count: number;
}

/** What clients asked for and got, the most frequent first; empty where the log does not say. */
export interface AskedFor {
  /** But for assets: pictures, style sheets, scripts, fonts. */
  readonly requests: number;
  readonly assets: number;
  /** Responses of status 400 to 499. */
  readonly client_errors: number;
  readonly paths: readonly Counted[];
  /** About how many. */
  readonly different_paths: number;
  readonly methods: readonly Counted[];
  readonly statuses: readonly Counted[];
  readonly user_agents: readonly Counted[];
  /** That a client asked. */
  readonly hosts: readonly Counted[];
  /** That asked a host. */
  readonly clients: readonly Counted[];
}

/** A detection: `opened` when it begins, `resolved` when it is over. */
export interface Alert {
  readonly id: string;
  readonly time: number;
  readonly source_kind: SourceKind;
  readonly entity: string;
  /** Alerts of one scope at one time are one incident. */
  readonly scope: string;
  readonly detector: string;
  readonly state: 'opened' | 'resolved';
  readonly severity: Severity;
  readonly value: number;
  readonly expected_low: number | null;
  readonly expected_high: number | null;
  readonly window_start: number;
  readonly window_end: number;
  readonly explanation: string;
  readonly fields: readonly string[];
  /** Where events were counted: how many, how many of them failed, how many should have; once in so many windows by chance. */
  readonly observed_count?: number | null;
  readonly observed_failures?: number | null;
  readonly expected_failures?: number | null;
  readonly once_in_windows?: number | null;
  /** Of clients that ask too often, and of hosts that refuse much. */
  readonly asked?: AskedFor | null;
  /** Of all hosts together: the requests of each in the window, or its failures where these are unusual. */
  readonly hosts?: readonly Counted[] | null;
}

export interface Incident {
  readonly id: string;
  readonly source_kind: SourceKind;
  readonly scope: string;
  readonly state: 'opened' | 'ongoing' | 'resolved';
  readonly severity: Severity;
  readonly opened: number;
  readonly updated: number;
  readonly resolved: number | null;
  readonly alerts: number;
  readonly detectors: readonly string[];
  readonly entities: readonly string[];
  readonly summary: string;
}
