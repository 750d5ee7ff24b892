import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

const ROW_HEIGHT = 8;
const FIGURE_HEIGHT = 4;
/** Of 24 columns. */
const HALF = 12;

/** What a panel shows, and how wide it is. */
export interface Shown {
  readonly title: string;
  /** What a reader has to know who sees it for the first time. */
  readonly description: string;
  readonly queries: readonly Builder<Dataquery>[];
  /** Grafana's names: `ms`, `s`, `percentunit`, `bytes`, `short`, … */
  readonly unit?: string;
  readonly span?: number;
  /** Windows come at this distance at least. */
  readonly every?: string;
}

interface Common<P> {
  title(title: string): P;
  description(description: string): P;
  span(width: number): P;
  height(height: number): P;
  unit(unit: string): P;
  interval(interval: string): P;
  withTarget(target: Builder<Dataquery>): P;
}

function framed<P extends Common<P>>(panel: P, shown: Shown, height: number): P {
  const { description, every, queries, span = HALF, title, unit } = shown;
  panel.title(title).description(description).span(span).height(height);
  if (unit !== undefined) panel.unit(unit);
  if (every !== undefined) panel.interval(every);
  for (const query of queries) panel.withTarget(query);
  return panel;
}

const legend = () =>
  new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom);

export function lines(shown: Shown): timeseries.PanelBuilder {
  return framed(new timeseries.PanelBuilder(), shown, ROW_HEIGHT)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Auto)
    .axisSoftMin(0)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
}

/** Bars on top of each other. */
export function bars(shown: Shown): timeseries.PanelBuilder {
  return lines(shown)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(70)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
}

/** The colour of a figure from a value on. */
export type Threshold = readonly [from: number, color: string];

export function figure(shown: Shown, thresholds: readonly Threshold[] = []): stat.PanelBuilder {
  const steps = [{ value: null, color: 'green' }, ...thresholds.map(([value, color]) => ({ value, color }))];
  return framed(new stat.PanelBuilder(), { span: 4, ...shown }, FIGURE_HEIGHT)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .noValue('0');
}

/** States over time, by their colours. */
export function states(shown: Shown, colors: Readonly<Record<string, string>>): statetimeline.PanelBuilder {
  return framed(new statetimeline.PanelBuilder(), shown, ROW_HEIGHT)
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .mappings(colored(colors))
    .legend(legend());
}

export function rows(shown: Shown, colors: Readonly<Record<string, string>> = {}): table.PanelBuilder {
  return framed(new table.PanelBuilder(), { span: 24, ...shown }, ROW_HEIGHT + 2)
    .filterable(true)
    .mappings(colored(colors));
}

/** A bar a value. */
export function ranking(shown: Shown): barchart.PanelBuilder {
  return framed(new barchart.PanelBuilder(), shown, ROW_HEIGHT)
    .orientation(VizOrientation.Horizontal)
    .showValue(VisibilityMode.Auto)
    .legend(new VizLegendOptionsBuilder().showLegend(false));
}

function colored(colors: Readonly<Record<string, string>>): ValueMapping[] {
  const options = Object.fromEntries(
    Object.entries(colors).map(([text, color], index) => [text, { text, color, index }]),
  );
  return Object.keys(options).length === 0 ? [] : [{ type: MappingType.ValueToText, options }];
}
