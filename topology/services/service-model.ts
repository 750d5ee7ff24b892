import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import {
  type IsolationForest,
  isolationScore,
  standoutFeatures,
  trainIsolationForest,
} from '../../detection/isolation-forest.js';
import type { MlPrediction, ServiceHealth } from '../../schemas/records.js';

/** What is usual of the windows of each service. */
export interface ServiceModel {
  /** Each training counts on. */
  readonly version: number;
  /** Windows that had ever been written when it was trained; what older versions have written does not say. */
  readonly windowsEver?: number;
  readonly services: Readonly<Record<string, TrainedService>>;
}

interface TrainedService {
  readonly forest: IsolationForest;
  /** From a higher score on a window is an anomaly. */
  readonly threshold: number;
  /** The least and the most of each feature in the training. */
  readonly ranges: readonly (readonly [least: number, most: number])[];
  /** By hour of the day (UTC), how many windows the training had. */
  readonly hours: readonly number[];
}

/** Where pipelines find the model that holds now; there may be none yet. */
export interface ModelSource {
  current(): ServiceModel | undefined;
}

export const NO_MODEL: ModelSource = { current: () => undefined };

const FEATURES = ['count', 'avg_response_time', 'p50_response_time', 'error_rate'] as const;
const SEED = 1;
const HOUR_MS = 3_600_000;
const HOURS = 24;
const TREES = 50;
/** In widths of the training's range. */
const FAR_BEYOND = 0.5;
/** Windows of a service that are too few to say what is usual of it. */
const MIN_ROWS = 20;
/** What is usual is so of the last day. */
const ROLLING_MS = 24 * HOUR_MS;
/** Windows of a service that a training takes, drawn from that day. */
const MAX_ROWS = 2000;
/** Of an hour of the day with fewer windows in the training, nothing is called an anomaly: the season is not known. */
const MIN_OF_HOUR = 20;
/** The share of the windows it is trained on that are over the threshold. */
const TRAINED_ANOMALIES = 0.01;
/** The features that an anomaly names. */
const SHOWN_FEATURES = 2;
/** One that contributes less does not stand out. */
const MIN_CONTRIBUTION = 0.02;

/** A window's features; undefined when it holds no lines, which takes no model to see. */
function featuresOf(health: ServiceHealth): number[] | undefined {
  if (health.count === 0) return undefined;
  return FEATURES.map((feature) => {
    const value = health[feature] ?? 0;
    // Factors count, not differences.
    return feature === 'error_rate' ? value : Math.log1p(value);
  });
}

interface Row {
  readonly features: readonly number[];
  readonly hour: number;
}

/** A forest for each service with windows enough in the last day of those that are given; the same windows give the same. */
export function trainServiceModel(windows: readonly ServiceHealth[], version: number): ServiceModel {
  const newest = windows.reduce((latest, { window_start }) => Math.max(latest, window_start), 0);
  const rowsOf = new Map<string, Row[]>();
  for (const window of windows) {
    const features = featuresOf(window);
    if (features === undefined || window.window_start <= newest - ROLLING_MS) continue;
    const row = { features, hour: hourOf(window) };
    const rows = rowsOf.get(window.service);
    if (rows === undefined) rowsOf.set(window.service, [row]);
    else rows.push(row);
  }
  const services = [...rowsOf]
    .filter(([, rows]) => rows.length >= MIN_ROWS)
    .map(([service, rows]) => [service, trainedService(sampleOf(rows))] as const);
  return { version, services: Object.fromEntries(services) };
}

function hourOf({ window_start }: Pick<ServiceHealth, 'window_start'>): number {
  return Math.floor(window_start / HOUR_MS) % HOURS;
}

/** A reservoir (Vitter, 1985): each row is in it with the same chance. */
function sampleOf(rows: readonly Row[]): readonly Row[] {
  const random = xoroshiro128plus(SEED);
  const sample = rows.slice(0, MAX_ROWS);
  for (let seen = MAX_ROWS; seen < rows.length; seen++) {
    const at = (random.next() >>> 0) % (seen + 1);
    const row = rows[seen];
    if (at < MAX_ROWS && row !== undefined) sample[at] = row;
  }
  return sample;
}

function trainedService(sample: readonly Row[]): TrainedService {
  const rows = sample.map(({ features }) => features);
  const forest = trainIsolationForest(rows, { features: FEATURES, seed: SEED, trees: TREES });
  const scores = rows.map((row) => isolationScore(forest, row)).sort((a, b) => b - a);
  const ranges = FEATURES.map((_, index) => {
    const values = rows.map((row) => row[index] as number);
    return [Math.min(...values), Math.max(...values)] as const;
  });
  const hours = new Array<number>(HOURS).fill(0);
  for (const { hour } of sample) hours[hour] = (hours[hour] ?? 0) + 1;
  return { forest, threshold: scores[Math.floor(TRAINED_ANOMALIES * scores.length)] ?? 1, ranges, hours };
}

/**
 * A forest cuts what it was grown from: one value that is far beyond all of that is no more isolated in it than the outermost
 * of them. How far, in widths of the training's range, makes such a score.
 */
function scoreOf({ forest, ranges }: TrainedService, row: readonly number[]): number {
  const widths = ranges.map(([least, most], index) => {
    const value = row[index] as number;
    return Math.max(least - value, value - most) / Math.max(most - least, Number.EPSILON);
  });
  const beyond = Math.max(...widths);
  const score = isolationScore(forest, row);
  return beyond > FAR_BEYOND ? Math.max(score, 1 - 0.5 ** (1 + 2 * beyond)) : score;
}

/**
 * Undefined for a window without lines, and for a service that the model does not know. At an hour of the day that the training
 * has not seen, there is a score, and no anomaly.
 */
export function predictionOf({ services, version }: ServiceModel, health: ServiceHealth): MlPrediction | undefined {
  const row = featuresOf(health);
  const trained = Object.hasOwn(services, health.service) ? services[health.service] : undefined;
  if (row === undefined || trained === undefined) return undefined;
  const { forest, threshold } = trained;
  const score = scoreOf(trained, row);
  const isAnomaly = score > threshold && (trained.hours[hourOf(health)] ?? 0) >= MIN_OF_HOUR;
  const standing = isAnomaly ? standoutFeatures(forest, row) : [];
  return {
    service: health.service,
    window_start: health.window_start,
    window_end: health.window_end,
    score,
    is_anomaly: isAnomaly,
    model_version: version,
    fields: standing
      .filter(({ contribution }, index) => index === 0 || contribution >= MIN_CONTRIBUTION)
      .slice(0, SHOWN_FEATURES)
      .map(({ feature }) => feature),
  };
}
