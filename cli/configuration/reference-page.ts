import { defaultText, USUAL_FILE } from './configuration.js';
import { OTHER_VARIABLES } from './environment.js';
import { isRepeatable, isSwitch } from './setting-value.js';
import type { Setting, Settings } from './settings.js';

const INTRODUCTION = `# Configuration

Made by \`npm run docs:configuration\` from the options of the commands.

Every option of a command can be a flag, a variable of the environment or a line of a file. A flag goes before a
variable, a variable before the file, and the file before the default.

## The file

\`--config FILE\` names it, or \`MILLRACE_CONFIG\`; otherwise \`${USUAL_FILE}\` in the working directory is read if it is
there. It is YAML. A setting has the name of its flag without the dashes:

\`\`\`yaml
data-dir: /var/lib/millrace
http: 127.0.0.1:4000
grace: 10s
goals: [1, 2]
auth: false # --no-auth
lake: false # --no-lake
input: [/var/log/nginx/access.log, /var/log/app.log]
follow: true
alerts: /etc/millrace/alerts.yaml
retention: [7d, test-inter=12h] # a list for what is repeatable
kafka-setting: # or names with values
  security.protocol: sasl_ssl
  sasl.mechanism: PLAIN

commands: # settings of one command, which go before those of all
  serve:
    http: 127.0.0.1:4001
  query:
    timeout: 1m
\`\`\`

Values are written as the flag takes them: \`grace: 5\` is refused, because a duration has a unit. Paths are relative to
the working directory. A file with a mistake stops every command that reads it, and all mistakes are told at once, each
with its line and column.

## The environment

\`MILLRACE_\` and the setting's name in capitals, with \`_\` for \`-\`. A variable that is empty is not set. Of a
repeatable setting each line of the variable is a value, or each text of a list in JSON. With \`_FILE\` behind its name,
a variable names a file whose text is the value, as secrets are given to containers:
\`MILLRACE_KAFKA_SETTING_FILE=/run/secrets/kafka\` reads lines such as \`sasl.password=…\` from there.

| variable | |
| --- | --- |
`;

const COMMANDS = `
## Checking and showing

\`millrace config check [FILE]\` says all that is wrong in the file and the environment; the exit code is 2 if anything
is. \`millrace config show start --grace 10s\` prints the values that this command would run with, and where each is from;
\`--changed\` leaves out the defaults, \`--json\` prints a line of JSON for each value. Passwords, tokens, keys and what
stands behind the host of a webhook's URL are masked, in errors too.
`;

/** The page docs/configuration.md. */
export function referencePage(settings: Settings): string {
  const others = OTHER_VARIABLES.map(({ description, name }) => `| \`${name}\` | ${description} |\n`).join('');
  const shared = [...settings.shared.values()].map((setting) => {
    const paths = settings.commands.flatMap((each) =>
      each.shared.some(({ name }) => name === setting.name) ? [each.path] : [],
    );
    return [setting, paths.join(', ')] as const;
  });
  const own = settings.commands.filter((command) => command.own.length > 0);
  return [
    `${INTRODUCTION}${others}${COMMANDS}`,
    '## Settings of all commands\n',
    'At the top of the file. Each is read by the commands that have the option.\n',
    table(
      ['setting', 'variable', 'default', 'commands', ''],
      shared.map(([setting, paths]) => row(setting, paths)),
    ),
    '\n## Settings of one command\n',
    `Under \`commands:\` and the command's name in the file.`,
    ...own.map(
      ({ own: settingsOfOne, path }) =>
        `\n### ${path}\n\n${table(
          ['setting', 'variable', 'default', ''],
          settingsOfOne.map((setting) => row(setting)),
        )}`,
    ),
    '',
  ].join('\n');
}

function row(setting: Setting, paths?: string): string[] {
  const { name, negative, option, variables } = setting;
  const description = [option, negative].flatMap((each) =>
    each === undefined ? [] : [describe(each === negative, name, each.description)],
  );
  const byDefault = defaultText(setting);
  return [
    `\`${name}\`${isSwitch(setting) ? ': true or false' : isRepeatable(setting) ? ', several' : ''}`,
    variables.map((variable) => `\`${variable}\``).join(' '),
    byDefault === '' ? '' : `\`${byDefault}\``,
    ...(paths === undefined ? [] : [paths]),
    [...description, ...(option?.argChoices === undefined ? [] : [`one of ${option.argChoices.join(', ')}`])].join(
      '; ',
    ),
  ].map((cell) => cell.replaceAll('|', '\\|'));
}

function describe(isNegative: boolean, name: string, description: string): string {
  return isNegative ? `\`${name}: false\`: ${description}` : description;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |');
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
