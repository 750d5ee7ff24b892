import type { Command } from 'commander';
import { Option } from 'commander';
import { type FileConfig, NO_FILE, readAlertsFile, webhookFile } from '../../notify/config.js';
import { NotifyError } from '../../notify/notify-error.js';
import { reloadable } from '../configuration/reload.js';
import { UsageError } from './usage-error.js';

export interface AlertsOptions {
  readonly alerts?: string;
  readonly webhook?: string;
}

/** `--alerts` and `--webhook`: whom incidents are told. */
export function addAlerts(command: Command): Command {
  return command
    .addOption(
      reloadable(
        new Option(
          '--alerts <file>',
          'file in YAML or JSON that says who is notified of incidents: channels, routes and silences',
        ).env('MILLRACE_ALERTS'),
      ),
    )
    .addOption(
      reloadable(
        new Option('--webhook <url>', 'post every incident to this URL as JSON, without delay')
          .env('MILLRACE_WEBHOOK')
          .conflicts('alerts'),
      ),
    );
}

/** @throws UsageError for what cannot be used */
export function alertsOf({ alerts, webhook }: AlertsOptions): FileConfig {
  if (alerts !== undefined && webhook !== undefined) {
    throw new UsageError('--alerts and --webhook are both set, by flags, the environment or a file: leave one out');
  }
  try {
    if (alerts !== undefined) return readAlertsFile(alerts);
    return webhook === undefined ? NO_FILE : webhookFile(webhook);
  } catch (error) {
    if (error instanceof NotifyError) throw new UsageError(error.message);
    throw error;
  }
}
