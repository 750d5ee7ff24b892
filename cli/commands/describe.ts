import { describeTopology, dotOf, mermaidOf, type Topology, topologyDescription } from '@millrace/streams';
import { type Command, Option } from 'commander';
import { serdesOf } from '../../app/log/topics.js';
import { applicationTopology } from '../../topology/application.js';
import { type ApplicationOptions, addPipelines, applicationConfig } from '../options/options.js';
import { print } from '../terminal/output.js';
import { SafeText } from '../terminal/safe-text.js';

export function describeCommand(program: Command): Command {
  const command = program
    .command('describe')
    .description('print the topology: sub-topologies, nodes, stores, repartition topics');
  command.addOption(
    new Option('--format <format>', 'text as Kafka Streams prints it, JSON, or a diagram for Mermaid or Graphviz (dot)')
      .choices(Object.keys(FORMATS))
      .default('text'),
  );
  command.addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }));
  return addPipelines(command).action(describe);
}

const FORMATS = {
  text: describeTopology,
  json: (topology: Topology) => JSON.stringify(topologyDescription(topology), null, 2),
  mermaid: (topology: Topology) => mermaidOf(topologyDescription(topology)),
  dot: (topology: Topology) => dotOf(topologyDescription(topology)),
} as const;

interface DescribeOptions extends ApplicationOptions {
  readonly format: keyof typeof FORMATS;
}

async function describe({ format, ...options }: DescribeOptions): Promise<void> {
  const config = applicationConfig(options);
  const registry = {
    register: async () => 1,
    schemaById: () => {
      throw new Error('nothing is decoded to describe a topology');
    },
  };
  const topology = applicationTopology(config, await serdesOf(registry, config));
  print(SafeText.lines(FORMATS[format](topology).trimEnd()));
}
