import {
  type Duration,
  type KeepingAggregator,
  type KStream,
  type Serde,
  stringSerde,
  TimeWindows,
} from '@millrace/streams';
import type { ApplicationConfig } from '../application-config.js';
import { sendAlerts, sendEpisodes } from '../monitoring/alerts.js';
import { type JudgedWindow, monitorWindows, type WindowMonitorOptions } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import type { Line, Lines } from './service-lines.js';

/** An episode is over when so many windows in a row were as usual. */
export const CLOSE_AFTER = 3;

export interface LineMonitorOptions<A, S>
  extends Pick<WindowMonitorOptions<A, S>, 'judge' | 'scope' | 'isWithinLimits' | 'seen' | 'watchesClock'> {
  /** Names the store of the windows, and their repartition. */
  readonly windows: string;
  /** Names the store of what is known of the entities. */
  readonly monitor: string;
  readonly size: Duration;
  readonly entity: (line: Line) => string;
  readonly aggregator: KeepingAggregator<string, Line, A>;
  readonly serde: Serde<A>;
}

/** Judges what is kept of the lines of each entity and window, when the window is closed, and sends the alerts. */
export function monitorLines<A, S extends object>(
  lines: Lines,
  { aggregator, entity, monitor, serde, size, windows, ...options }: LineMonitorOptions<A, S>,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
): KStream<string, JudgedWindow<A>> {
  const { grace } = config.services;
  const closed = lines
    .selectKey((_key, line) => entity(line), { name: `${windows}-by-entity` })
    .groupByKey({ key: stringSerde, name: windows })
    .windowedBy(TimeWindows.ofSizeAndGrace(size, grace))
    .emitStrategy('onWindowClose')
    .aggregate(aggregator, { name: windows, value: serde })
    .toStream({ name: `closed-${windows}` });
  const judged = monitorWindows(closed, { ...options, name: monitor, empty: aggregator.initializer, size });
  const source = monitor.replace('-monitor', '');
  sendAlerts(source, judged, ({ judgement }) => judgement.alerts, config, serdes);
  sendEpisodes(source, judged, ({ judgement }) => judgement.episodes, config);
  return judged;
}
