import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { TOPICS } from '../../../schemas/topics.js';
import { ROOT } from './programs.js';

/** Whoever runs these talks to the log; the engine's own names begin with the application's id. */
const FOLDERS = ['api', 'app', 'cli', 'lake', 'notify', 'producer', 'topology'];
const APPLICATION = 'millrace';
const MAKES = /\bensureTopic\(|\bnew JsonTopic\(/;
/** What rows tell of besides names. */
const COMMANDS = ['produce', 'start', 'start --input', '--listen'];
const TAKES_TOPIC_FIRST = new Set(['ensureTopic', 'partitions', 'append', 'readToEnd']);

interface Right {
  readonly resource: string;
  readonly names: readonly string[];
  readonly words: string;
  readonly pattern: string;
  readonly operations: readonly string[];
}

interface Found {
  readonly name: string;
  readonly file: string;
  readonly constant: string;
}

/** The rows of the tables of the section "Access rights". */
function documentedRights(): Right[] {
  const page = readFileSync(join(ROOT, 'docs/kafka.md'), 'utf8');
  const [, section = ''] = /^## Access rights \(ACLs\)\n(.*?)^## /ms.exec(page) ?? [];
  return [...section.matchAll(/^\| (topic|group|transactional id) \| (.*?) \| (literal|prefixed) \| (.*?) \|$/gm)].map(
    ([, resource = '', words = '', pattern = '', operations = '']) => ({
      ...{ resource, words, pattern },
      names: [...words.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
      operations: operations.match(/[A-Z]\w+/g) ?? [],
    }),
  );
}

const RIGHTS = documentedRights();

/** What a name of its own is given; the prefix of the application stands for the engine's topics alone. */
function operationsOn(resource: string, name: string): Set<string> {
  const rows = RIGHTS.filter(
    (right) =>
      right.resource === resource &&
      right.names.some((one) =>
        right.pattern === 'literal' ? one === name : one !== `${APPLICATION}-` && name.startsWith(one),
      ),
  );
  return new Set(rows.flatMap(({ operations }) => operations));
}

interface Sources {
  readonly topics: readonly Found[];
  readonly groups: readonly Found[];
  /** Topics that are named in place, so that no constant tells of them. */
  readonly unnamed: readonly string[];
  /** Of files that make topics, what is in them. */
  readonly making: readonly string[];
}

function readSources(): Sources {
  const topics: Found[] = [];
  const groups: Found[] = [];
  const unnamed: string[] = [];
  const making: string[] = [];
  for (const folder of FOLDERS) {
    for (const path of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts')) continue;
      const file = `${folder}/${path}`;
      const text = readFileSync(join(ROOT, file), 'utf8');
      if (MAKES.test(text)) making.push(text);
      const visit = (node: ts.Node): void => {
        if (ts.isVariableDeclaration(node) && /(^|_)TOPICS?$/.test(node.name.getText())) {
          const constant = node.name.getText();
          const names = textsOf(node.initializer).filter((name) => name !== '');
          topics.push(...names.map((name) => ({ name, file, constant })));
        }
        if (ts.isPropertyAssignment(node)) {
          const [value] = textsOf(node.initializer);
          const name = node.name.getText();
          const isLeader = node.parent.properties.some((one) => one.name?.getText() === 'topic');
          if (name === 'group' && value !== undefined && isLeader) groups.push({ name: value, file, constant: name });
          if (name === 'applicationId' && ts.isTemplateExpression(node.initializer)) {
            const [span] = node.initializer.templateSpans;
            groups.push({ name: `${APPLICATION}${span?.literal.text}`, file, constant: name });
          }
        }
        if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
          const [first] = node.arguments;
          if (first && TAKES_TOPIC_FIRST.has(node.expression.name.text) && isText(first) && first.text !== '') {
            const isTopic = node.expression.name.text !== 'append' || node.arguments.length > 3;
            if (isTopic) unnamed.push(`${file}: ${node.getText()}`);
          }
        }
        if (ts.isNewExpression(node) && node.expression.getText() === 'JsonTopic') {
          if (node.arguments?.some(isText)) unnamed.push(`${file}: ${node.getText()}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
    }
  }
  return { topics, groups, unnamed, making };
}

function isText(node: ts.Node): node is ts.StringLiteralLike {
  return ts.isStringLiteralLike(node);
}

/** The text that an expression is, or those that the members of an object are. */
function textsOf(node: ts.Expression | undefined): string[] {
  if (node === undefined) return [];
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return textsOf(node.expression);
  if (isText(node)) return [node.text];
  if (!ts.isObjectLiteralExpression(node)) return [];
  return node.properties.flatMap((property) =>
    ts.isPropertyAssignment(property) && isText(property.initializer) ? [property.initializer.text] : [],
  );
}

const SOURCES = readSources();

it('the table of rights has each topic that the program keeps for itself: to make, to read and to write, or to read alone', () => {
  const missing = SOURCES.topics.flatMap(({ constant, file, name }) => {
    const isMade = SOURCES.making.some((text) => new RegExp(`\\b${constant}\\b`).test(text));
    const given = operationsOn('topic', name);
    return (isMade ? ['Create', 'Read', 'Write'] : ['Read'])
      .filter((operation) => !given.has(operation))
      .map((operation) => `${operation} on ${name} (${file})`);
  });
  expect(missing).toEqual([]);
  // Among those that are known to be there, so that the search finds them.
  expect(SOURCES.topics.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'dead-letter-replays',
      'saved-queries',
      'connect-status',
      'notify-state',
      'millrace-inputs',
    ]),
  );
});

it('the table of rights has each group that the program joins', () => {
  const missing = SOURCES.groups.filter(({ name }) => !operationsOn('group', name).has('Read'));
  expect(missing).toEqual([]);
  expect(SOURCES.groups.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['millrace-notify', 'millrace-replay', 'millrace-sources']),
  );
});

it('each topic has a constant whose name says that it is one, which is where the table of rights is compared with', () => {
  expect(SOURCES.unnamed).toEqual([]);
});

it('the table of rights has no topic and no group that the program does not know', () => {
  const known = [...SOURCES.topics, ...SOURCES.groups, ...Object.values(TOPICS)].map(({ name }) => name);
  const own = RIGHTS.filter(({ resource }) => resource !== 'transactional id').flatMap(({ names, pattern }) =>
    names.filter((name) => pattern === 'literal' && !known.includes(name) && !COMMANDS.includes(name)),
  );
  // The application itself, and that of `produce`.
  expect(own.filter((name) => name !== APPLICATION && name !== 'produce-sources')).toEqual([]);
});

/** How the table tells of the topics of the catalogue, whose names are configuration. */
const ROWS = {
  raw: /raw topics that are processed/,
  goal: /the results' topics/,
  statistics: /the results' topics/,
  score: /the results' topics/,
  alert: /the results' topics/,
  episode: /the results' topics/,
  incident: /the results' topics/,
  'dead-letters': /dead-letter .* topic/,
  late: /the late topic/,
  status: /`pipeline-status`/,
} as const satisfies Record<(typeof TOPICS)[keyof typeof TOPICS]['role'], RegExp>;

it.each(Object.entries(ROWS))('the table of rights has a row for topics of the role %s', (role, row) => {
  const found = RIGHTS.filter(({ resource, words }) => resource === 'topic' && row.test(words));
  expect(found.flatMap(({ operations }) => operations)).toContain(role === 'raw' ? 'Read' : 'Write');
});
