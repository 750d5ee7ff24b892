import { readFileSync } from 'node:fs';
import type { ApplicationServer } from '@millrace/streams';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { localApplicationServer, machineToken, type StateAccess } from '../../app/pipeline/state-access.js';
import { UsageError } from './usage-error.js';

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

interface Address {
  readonly host: string;
  readonly port: number;
}

/** With what the processes of a pipeline are asked for their state. */
export interface StateAccessOptions {
  readonly dataDir: string;
  readonly applicationServerToken?: string;
  readonly applicationServerCa?: string;
}

/** Where a process of a pipeline is asked for its state. */
export interface ApplicationServerOptions extends StateAccessOptions {
  readonly applicationServer?: Address;
  readonly applicationServerCert?: string;
  readonly applicationServerKey?: string;
}

export function addStateAccess(command: Command): Command {
  return command
    .option(
      '--application-server-token <token>',
      'token with which the processes of a pipeline are asked for the values of stores (default: one in the data ' +
        'directory, for this machine)',
    )
    .option(
      '--application-server-ca <file>',
      'certificates (PEM) of the authorities of these processes, which are then asked over HTTPS',
    );
}

export function addApplicationServer(command: Command): Command {
  return addStateAccess(
    command.addOption(
      new Option(
        '--application-server <host:port>',
        'address at which this process answers queries of its stores, such as 10.0.0.5:7070 (default: a free port ' +
          'on loopback)',
      ).argParser(address),
    ),
  )
    .option('--application-server-cert <file>', 'certificate (PEM) of that address; with it, it answers over HTTPS')
    .option('--application-server-key <file>', 'private key (PEM) of the certificate');
}

/** What a server asks with. @throws UsageError */
export function stateAccessOf(options: StateAccessOptions): StateAccess {
  const { applicationServerCa: ca, applicationServerToken: token, dataDir } = options;
  return {
    token: token ?? machineToken(dataDir),
    isOfThisMachine: token === undefined,
    ...(ca !== undefined && { ca: pemOf('--application-server-ca', ca) }),
  };
}

/** Where a pipeline answers. @throws UsageError */
export function applicationServerOf(options: ApplicationServerOptions, access: StateAccess): ApplicationServer {
  const { applicationServer: place, applicationServerCert: cert, applicationServerKey: key } = options;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--application-server-cert and --application-server-key belong together: give both');
  }
  if (place === undefined && cert !== undefined) {
    throw new UsageError('--application-server-cert is of an address: give --application-server, too');
  }
  if (place === undefined) return localApplicationServer(access);
  if (access.isOfThisMachine && !LOOPBACK.includes(place.host)) {
    throw new UsageError(
      `--application-server ${place.host} can be reached from elsewhere: give --application-server-token, the same ` +
        'for all processes and servers (MILLRACE_APPLICATION_SERVER_TOKEN)',
    );
  }
  const { ca, token } = access;
  if (cert === undefined || key === undefined) return { ...place, listen: place.host, token };
  const own = { cert: pemOf('--application-server-cert', cert), key: pemOf('--application-server-key', key) };
  return { ...place, listen: place.host, token, tls: { ...own, ...(ca !== undefined && { ca }) } };
}

function pemOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${option}: ${file} cannot be read: ${(error as Error).message}`);
  }
}

function address(text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new InvalidArgumentError('It must be host:port, such as 10.0.0.5:7070; port 0 is any free one.');
  }
  if (host === '0.0.0.0' || host === '::') {
    throw new InvalidArgumentError('Others are told this address: name the one at which they reach this process.');
  }
  return { host, port };
}
