import { fileURLToPath } from 'node:url';
import type { Launch } from '../../../stack/processes.js';
import type { GoalConfig } from '../../../topology/goals/goal-config.js';
import { ALL, GOAL_1, type Peer, type Setup, type Start, type Workplace } from '../peer.js';

const PROGRAM = fileURLToPath(new URL('../../../../bin/millrace.mjs', import.meta.url));

/** The `millrace` program as it is, with its defaults. */
export const millrace: Peer = {
  name: 'millrace',

  async prepare({ brokers, registryUrl }: Workplace) {
    const start = (goals: GoalConfig['goals'], { application, directory }: Start, ...args: string[]): Launch => ({
      program: process.execPath,
      args: [
        ...[PROGRAM, 'start', '--brokers', brokers, '--registry', registryUrl, '--data-dir', directory],
        ...[
          '--application-id',
          application,
          '--pipelines',
          'goals',
          '--goals',
          goals.join(','),
          '--no-server-errors',
          ...args,
        ],
      ],
    });
    const once = (name: string, goals: GoalConfig['goals'], ...args: string[]): Setup => ({
      peer: 'millrace',
      name,
      goals,
      ends: true,
      launch: (given) => start(goals, given, '--once', ...args),
    });
    return [
      once('goal 1, exactly-once', GOAL_1),
      once('all four, exactly-once', ALL),
      once('all four, at-least-once', ALL, '--guarantee', 'at-least-once'),
      {
        peer: 'millrace',
        name: 'all four, exactly-once, 2 processes',
        goals: ALL,
        ends: false,
        // The clock is to close no window: what is left open at the end is closed by a run to the end.
        launch: (given) => start(ALL, given, '--processes', '2', '--idle', '1h'),
        closeWindows: (given) => start(ALL, given, '--once'),
      },
    ];
  },
};
