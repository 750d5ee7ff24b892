import { createInterface } from 'node:readline';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AccessFile } from '../../api/auth/access-file.js';
import type { Accounts } from '../../api/auth/accounts.js';
import { MIN_PASSWORD } from '../../api/auth/passwords.js';
import { TenantAccess } from '../../api/auth/tenant-access.js';
import { isUserName } from '../../api/auth/user-name.js';
import { ROLES, type Role, TOKEN_ROLES, type TokenRole } from '../../api/auth/visitor.js';
import { Problem } from '../../api/problems.js';
import { accessDirectory, dataDirOption, type RootDirOption, tenantName } from '../options/options.js';
import { repeatableOption } from '../options/repeatable-option.js';
import { UsageError } from '../options/usage-error.js';
import { print, say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';
import { printTable } from '../terminal/table.js';

interface UsersOptions extends RootDirOption {
  /** Empty: of the server that is no tenant's. */
  readonly tenant: readonly string[];
}

export function usersCommand(program: Command): Command {
  const command = program.command('users').description('manage the users of the dashboard and the HTTP API');
  addUsers(
    command
      .command('add')
      .description('add a user; the password is read from standard input and must have at least 10 characters')
      .argument('<name>', 'letters, digits, and . _ @ -', userName)
      .addOption(new Option('--role <role>', 'what the user may do').choices(ROLES).default('viewer' satisfies Role)),
    'the user signs in at the server of this tenant only; repeatable for several',
  ).action(add);
  addUsers(command.command('list').description('print all users'), 'only those of this tenant; repeatable').action(
    list,
  );
  addUsers(
    command.command('remove').description('remove a user and end their sessions').argument('<name>'),
    'the user of this tenant; repeatable. Others keep a user of several',
  ).action(remove);
  addUsers(
    command
      .command('token')
      .description('make a token of a machine, such as a Prometheus, and print it: it is told once')
      .argument('<name>', 'letters, digits, and . _ @ -', userName)
      .addOption(
        new Option('--role <role>', 'what the machine may do')
          .choices(TOKEN_ROLES)
          .default('viewer' satisfies TokenRole),
      ),
    'the token is for the server of this tenant only; repeatable for several',
  ).action(token);
  return command;
}

/** Users are of all places and tenants of a data directory, in one file. */
function addUsers(command: Command, description: string): Command {
  const add = (text: string, before: readonly string[] = []) => [...new Set([...before, tenantName(text)])];
  return command
    .addOption(dataDirOption())
    .addOption(repeatableOption('--tenant <name>', description, add).default([]));
}

function userName(text: string): string {
  if (isUserName(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, and . _ @ -, a letter or digit first.');
}

/** The file of a data directory whose users sign in. */
async function accountsOf(options: UsersOptions): Promise<Accounts> {
  // What signs tokens is loaded by who needs it.
  const { Accounts } = await import('../../api/auth/accounts.js');
  return new Accounts(new TenantAccess(accessFileOf(options), options.tenant));
}

function accessFileOf({ dataDir }: UsersOptions): AccessFile {
  return new AccessFile(accessDirectory(dataDir));
}

async function add(name: string, options: UsersOptions & { readonly role: Role }): Promise<void> {
  const accounts = await accountsOf(options);
  if (accounts.user(name) !== undefined) throw new UsageError(`there is a user "${name}" already`);
  const password = await readPassword(`password of ${name}:`);
  if (password.length < MIN_PASSWORD) throw new UsageError(`a password has ${MIN_PASSWORD} characters at least`);
  await asUsage(accounts.addUser(name, options.role, password));
  say(safe`added ${name}, who is ${options.role}`);
}

async function token(name: string, options: UsersOptions & { readonly role: TokenRole }): Promise<void> {
  const made = await (await accountsOf(options)).addMachineToken(name, options.role, null, 'millrace users token');
  print(safe`${made.token}`);
}

async function list(options: UsersOptions): Promise<void> {
  const { tenant: asked } = options;
  const isAsked = (tenants: readonly string[]) =>
    asked.length === 0 || tenants.some((tenant) => asked.includes(tenant));
  const users = accessFileOf(options)
    .get()
    .users.filter(({ tenants }) => isAsked(tenants));
  if (users.length === 0) {
    say(safe`there are no users; \`millrace users add NAME --role admin\` adds one`);
    return;
  }
  printTable(
    ['name', 'role', 'tenants', 'signs in by', 'added'],
    users.map(({ created, name, password, role, tenants }) => [
      ...[name, role, tenants.join(', '), password === null ? 'a link' : 'a password'],
      new Date(created).toISOString(),
    ]),
  );
}

async function remove(name: string, options: UsersOptions): Promise<void> {
  await asUsage((await accountsOf(options)).removeUser(name, { evenLast: true }));
  print(safe`removed ${name}`);
}

/** What the accounts refuse is a mistake of who asks. */
async function asUsage(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    throw error instanceof Problem ? new UsageError(error.detail) : error;
  });
}

/** A line of standard input, which a terminal does not show. */
async function readPassword(prompt: string): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) {
    say(safe`${prompt}`);
    // The terminal neither shows what is typed nor gives it away by its length.
    const lines = createInterface({ input: stdin, terminal: true });
    const line = await new Promise<string>((resolve) => lines.once('line', resolve));
    lines.close();
    return line;
  }
  for await (const line of createInterface({ input: stdin })) return line;
  return '';
}
