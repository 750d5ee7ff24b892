import { type Command, Option } from 'commander';
import { checkSchema, registerSchema, type SchemaCheck } from '../../schemas/registration.js';
import type { RegistryApi } from '../../schemas/registry-api.js';
import { RegistryOutage } from '../../schemas/registry-outage.js';
import { SchemaError } from '../../schemas/schema-error.js';
import { SchemaFolder } from '../../schemas/schema-folder.js';
import { SCHEMAS_DIRECTORY, type SubjectSchema, subjectsOf } from '../../schemas/subjects.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import { wait } from '../options/duration.js';
import { durationOption } from '../options/options.js';
import { print, say } from '../terminal/output.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { printTable } from '../terminal/table.js';

interface SchemasOptions {
  readonly registry: string;
  readonly directory: string;
  readonly wait: number;
}

export function schemasCommand(program: Command): Command {
  const command = program
    .command('schemas')
    .description("check the topics' schemas against a schema registry, and register them");
  addRegistry(command.command('check'))
    .description('check whether each schema may be registered; exit code 1 if one may not')
    .action(check);
  addRegistry(command.command('register'))
    .description('register the schemas that are not registered yet')
    .action(register);
  return command;
}

function addRegistry(command: Command): Command {
  return command
    .addOption(
      new Option('--registry <url>', 'the schema registry, such as http://user:password@127.0.0.1:8081')
        .env('MILLRACE_REGISTRY')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--directory <directory>', 'directory of the *.avsc files').default(
        SCHEMAS_DIRECTORY,
        "the application's own",
      ),
    )
    .addOption(durationOption('--wait <duration>', 'how long to wait for a registry that does not answer', '0s', wait));
}

async function check(options: SchemasOptions): Promise<void> {
  const { api, definitions, outage } = await open(options);
  const checks = await checkAll(api, outage, definitions);
  printRows(
    ['subject', 'schema', 'result', 'compatibility'],
    checks.map(({ compatibility, definition, result }) => [...names(definition), result, compatibility]),
  );
  refuse(checks);
}

async function register(options: SchemasOptions): Promise<void> {
  const { api, definitions, outage } = await open(options);
  // One that is refused leaves the registry as it was.
  refuse(await checkAll(api, outage, definitions));
  const rows: string[][] = [];
  try {
    for (const definition of definitions) {
      const { id, result, version } = await outage.outlast(() => registerSchema(api, definition.subject, definition));
      rows.push([...names(definition), `${id}`, `${version}`, result]);
    }
  } finally {
    printRows(['subject', 'schema', 'id', 'version', 'result'], rows);
  }
}

async function open({ directory, registry, wait }: SchemasOptions) {
  // The registry's client is loaded by those who use a registry only.
  const { RegistryApi } = await import('../../schemas/registry-api.js');
  return {
    definitions: subjectsOf(new SchemaFolder(directory), DEFAULT_APPLICATION_CONFIG.topics),
    api: new RegistryApi({ url: registry }),
    outage: new RegistryOutage({
      patienceMs: wait,
      onUnavailable: ({ message }) => say(SafeText.of(message)),
    }),
  };
}

interface Checked extends SchemaCheck {
  readonly definition: SubjectSchema;
}

async function checkAll(
  api: RegistryApi,
  outage: RegistryOutage,
  definitions: readonly SubjectSchema[],
): Promise<Checked[]> {
  const checks: Checked[] = [];
  for (const definition of definitions) {
    const found = await outage.outlast(() => checkSchema(api, definition.subject, definition));
    checks.push({ definition, ...found });
  }
  return checks;
}

/** Prints why schemas may not be registered. @throws SchemaError SCHEMA_INCOMPATIBLE when there are any */
function refuse(checks: readonly Checked[]): void {
  const refused = checks.filter(({ result }) => result === 'incompatible');
  if (refused.length === 0) return;
  for (const { definition, reasons } of refused) {
    for (const reason of reasons) print(safe`${definition.subject}: ${reason}`);
  }
  throw new SchemaError(
    'SCHEMA_INCOMPATIBLE',
    `${refused.length} of ${checks.length} schemas may not follow what the registry has`,
  );
}

function names({ file, subject }: SubjectSchema): [string, string] {
  return [subject, `${file}.avsc`];
}

function printRows(head: readonly string[], rows: readonly string[][]): void {
  if (rows.length > 0) printTable(head, rows);
}
