import { describeTopology } from '@millrace/streams';
import type { Command } from 'commander';
import { serdesOf } from '../../app/log/topics.js';
import { applicationTopology } from '../../topology/application.js';
import { type ApplicationOptions, addPipelines, applicationConfig } from '../options/options.js';
import { print } from '../terminal/output.js';
import { SafeText } from '../terminal/safe-text.js';

export function describeCommand(program: Command): Command {
  const command = program
    .command('describe')
    .description('print the topology: sub-topologies, nodes, stores, repartition topics');
  return addPipelines(command).action(describe);
}

async function describe(options: ApplicationOptions): Promise<void> {
  const config = applicationConfig(options);
  const registry = {
    register: async () => 1,
    schemaById: () => {
      throw new Error('nothing is decoded to describe a topology');
    },
  };
  const topology = applicationTopology(config, await serdesOf(registry, config));
  print(SafeText.lines(describeTopology(topology).trimEnd()));
}
