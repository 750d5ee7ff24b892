import { type Command, InvalidArgumentError, Option } from 'commander';

const DEFAULT_ADDRESS = '127.0.0.1:4000';

export interface HttpOptions {
  readonly http: { readonly host: string; readonly port: number; readonly isDefault?: boolean };
  readonly auth: boolean;
}

/** `--http`: where it listens. */
export function httpOption(description: string): Option {
  return new Option('--http <host:port>', description)
    .env('MILLRACE_HTTP')
    .argParser(httpAddress)
    .default({ ...httpAddress(DEFAULT_ADDRESS), isDefault: true }, DEFAULT_ADDRESS);
}

export function addHttp(command: Command): Command {
  return command
    .addOption(httpOption('address to listen on; if the default port is busy, the next free one is used'))
    .option('--no-auth', 'let anybody on this machine use it without signing in');
}

function httpAddress(text: string): HttpOptions['http'] {
  const [, bracketed, plain = '127.0.0.1', digits] =
    /^(?:(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new InvalidArgumentError('It must be host:port or a port, such as 127.0.0.1:4000.');
  }
  return { host: bracketed ?? plain, port };
}
