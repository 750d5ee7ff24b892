import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type RowPanel,
  TextBoxVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { ALERTS, INFLUXDB, incidentsAsAnnotations, PROMETHEUS } from './queries.js';

/** What Grafana 11 to 13 read; newer ones bring it up to date themselves. */
const SCHEMA_VERSION = 41;
const TAG = 'millrace';
const A = 65;
/** Where docker-compose.yml has Millrace's own dashboard. */
const OWN_DASHBOARD = 'http://127.0.0.1:4000';

/** A panel that can be numbered. */
export interface Numbered extends Builder<Panel> {
  id(id: number): unknown;
}

/** Panels under a heading. */
export interface Section {
  readonly title?: string;
  readonly panels: readonly Numbered[];
}

export interface Board {
  /** Behind `millrace-`: the uid, and the file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The page of Millrace's own dashboard that shows the same. */
  readonly page: string;
  /** The last minutes or hours that are shown at first. */
  readonly from: string;
  readonly variables?: readonly Builder<VariableModel>[];
  readonly sections: readonly Section[];
}

/** A dashboard as Grafana's provisioning takes it. */
export function dashboardOf({ description, from, name, page, sections, title, variables = [] }: Board): Dashboard {
  const builder = new DashboardBuilder(`Millrace: ${title}`)
    .uid(`millrace-${name}`)
    .id(null)
    .description(description)
    .tags([TAG])
    .time({ from, to: 'now' })
    .refresh('10s')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .variables([...variables, ownDashboard()])
    .annotation(
      new AnnotationQueryBuilder()
        .name('Incidents')
        .datasource(INFLUXDB)
        .enable(true)
        .iconColor('red')
        .target(incidentsAsAnnotations()),
    )
    .links([others(), ownPage(page)]);
  let id = 0;
  for (const section of sections) {
    if (section.title !== undefined) builder.withRow(new RowBuilder(section.title).id(++id));
    for (const panel of section.panels) {
      panel.id(++id);
      builder.withPanel(panel);
    }
  }
  const { panels = [], ...dashboard } = builder.build();
  return { ...dashboard, panels: panels.map(withReferences), schemaVersion: SCHEMA_VERSION };
}

/** Grafana tells the queries of a panel apart by letters, and takes its data source from the first. */
function withReferences(panel: Panel | RowPanel): Panel | RowPanel {
  if (!('targets' in panel) || panel.targets === undefined) return panel;
  const targets = panel.targets.map((target, index) => ({ ...target, refId: String.fromCharCode(A + index) }));
  const datasource = datasourceOf(panel.targets[0]);
  return { ...panel, targets, ...(datasource === undefined ? {} : { datasource }) };
}

function datasourceOf(target: Dataquery | undefined): DataSourceRef | undefined {
  return (target as { readonly datasource?: DataSourceRef } | undefined)?.datasource;
}

const others = () =>
  new DashboardLinkBuilder('Millrace').type(DashboardLinkType.Dashboards).tags([TAG]).asDropdown(true).keepTime(true);

const ownPage = (page: string) =>
  new DashboardLinkBuilder('The same in Millrace')
    .type(DashboardLinkType.Link)
    .icon('external link')
    .url(`\${millrace}${page}`)
    .targetBlank(true);

const ownDashboard = () =>
  new TextBoxVariableBuilder('millrace')
    .label('Millrace')
    .description('Where its own dashboard is.')
    .defaultValue(OWN_DASHBOARD);

function chosen(name: string, label: string): QueryVariableBuilder {
  const all = { text: ['All'], value: ['$__all'], selected: true };
  return new QueryVariableBuilder(name)
    .label(label)
    .multi(true)
    .includeAll(true)
    .current(all)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** The values of a tag, some or all of which are shown. */
export function tagVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return chosen(name, label).datasource(INFLUXDB).query(query);
}

/** The values of a label. */
export function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return chosen(name, label).datasource(PROMETHEUS).query({ query, refId: 'variable', qryType: 1 });
}

/** The values of a field of alerts. */
export function fieldVariable(name: string, label: string, field: string): QueryVariableBuilder {
  return chosen(name, label)
    .datasource(ALERTS)
    .query(JSON.stringify({ find: 'terms', field, size: 500 }));
}
