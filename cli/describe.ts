import type { Command } from 'commander';
import { describeTopology } from '../streams/index.js';
import { goalsTopology } from '../topology/goals.js';
import { registerSerdes } from '../topology/serdes.js';
import { addGoals, type GoalOptions, goalConfig } from './options.js';

export function describeCommand(program: Command): Command {
  const command = program
    .command('describe')
    .description('print the topology: sub-topologies, nodes, stores, repartition topics');
  return addGoals(command).action(describe);
}

async function describe(options: GoalOptions): Promise<void> {
  const config = goalConfig(options);
  const registry = {
    register: async () => 1,
    schemaById: () => {
      throw new Error('nothing is decoded to describe a topology');
    },
  };
  const topology = goalsTopology(config, await registerSerdes(registry, config.topics));
  process.stdout.write(describeTopology(topology));
}
