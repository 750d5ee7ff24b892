import { createHash } from 'node:crypto';
import type { Incident, Severity } from '../../schemas/records.js';
import type { ToldIncident } from '../decider.js';
import { type Channel, type ChannelSetting, linkTo } from './channel.js';
import { postJson } from './http-call.js';

export interface AlertmanagerOptions {
  /** Where Alertmanager is, or for its webhook format whom to call. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Alertmanager takes an alert that it no longer hears of for over: twice the usual repeat interval. */
const GOES_ON_FOR_MS = 8 * 3_600_000;
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
/** Alertmanager's own for what goes on. */
const NO_END = '0001-01-01T00:00:00Z';

/** An Alertmanager that is to tell it on: incidents are alerts of its API v2. */
export function alertmanagerChannel({ headers = {}, url }: AlertmanagerOptions, setting: ChannelSetting): Channel {
  return {
    deliver: (delivery, signal) => {
      const { incidents, reason, time } = delivery.notification;
      const end = new Date(time).toISOString();
      const alerts = incidents.flatMap(({ firing, incident }) => {
        const alert = alertOf(incident, setting);
        const now = { ...alert, endsAt: firing ? new Date(time + GOES_ON_FOR_MS).toISOString() : end };
        // Labels name an alert: one that is worse is another, and what it was is over.
        const before = reason === 'worse' && firing ? SEVERITIES.filter((one) => one !== incident.severity) : [];
        return [now, ...before.map((severity) => ({ ...alert, labels: { ...alert.labels, severity }, endsAt: end }))];
      });
      const to = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
      return postJson(setting.outbound, delivery, { url: to, body: JSON.stringify(alerts), headers, signal });
    },
  };
}

/** What takes Alertmanager's webhooks (format 4), for receivers that were made for it. */
export function alertmanagerWebhookChannel(
  { headers = {}, url }: AlertmanagerOptions,
  setting: ChannelSetting,
): Channel {
  return {
    deliver: (delivery, signal) => {
      const { group, groupLabels, incidents } = delivery.notification;
      const alerts = incidents.map((told) => webhookAlertOf(told, setting));
      const body = {
        version: '4',
        groupKey: group,
        truncatedAlerts: 0,
        status: incidents.some(({ firing }) => firing) ? 'firing' : 'resolved',
        receiver: setting.name,
        groupLabels: Object.fromEntries(Object.entries(groupLabels).map(([name, values]) => [name, values.join(',')])),
        commonLabels: commonOf(alerts.map(({ labels }) => labels)),
        commonAnnotations: commonOf(alerts.map(({ annotations }) => annotations)),
        externalURL: setting.dashboardUrl ?? '',
        alerts,
      };
      return postJson(setting.outbound, delivery, { url, body: JSON.stringify(body), headers, signal });
    },
  };
}

function alertOf(incident: Incident, setting: ChannelSetting) {
  return {
    labels: {
      alertname: 'MillraceIncident',
      incident: incident.id,
      source: incident.source_kind,
      scope: incident.scope,
      severity: incident.severity,
    },
    annotations: {
      summary: incident.summary,
      entities: incident.entities.join(', '),
      detectors: incident.detectors.join(', '),
    },
    startsAt: new Date(incident.opened).toISOString(),
    generatorURL: linkTo(setting, incident.id) ?? '',
  };
}

function webhookAlertOf({ firing, incident }: ToldIncident, setting: ChannelSetting) {
  const alert = alertOf(incident, setting);
  const fingerprint = createHash('sha256').update(JSON.stringify(alert.labels)).digest('hex').slice(0, 16);
  const endsAt = firing ? NO_END : new Date(incident.resolved ?? incident.updated).toISOString();
  return { status: firing ? 'firing' : 'resolved', ...alert, endsAt, fingerprint };
}

function commonOf(all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = all;
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => rest.every((one) => one[name] === value)));
}
