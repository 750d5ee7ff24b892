import type { Notification } from '../decider.js';
import type { Outbound } from '../outbound.js';

/** A notification on its way to a channel. */
export interface Delivery {
  /** The same each time that it is tried: what receivers know a repeated call by. */
  readonly id: string;
  readonly notification: Notification;
}

/** Somewhere that people are told. */
export interface Channel {
  /** Resolves to what the receiver said. @throws DeliveryError */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<string>;
}

/** What channels work with. */
export interface ChannelSetting {
  readonly name: string;
  readonly outbound: Outbound;
  /** Where people open the dashboard, without a slash at its end; undefined: messages have no links. */
  readonly dashboardUrl: string | undefined;
}

/** More incidents of one notification are counted, not shown. */
export const MAX_SHOWN = 10;

export function linkTo({ dashboardUrl }: ChannelSetting, incident: string): string | undefined {
  return dashboardUrl === undefined ? undefined : `${dashboardUrl}/#/incidents/${encodeURIComponent(incident)}`;
}
