import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { makeProgram } from '../../../cli/program.js';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
/** How long a close may take (docs/kafka.md). */
const CLOSE_S = 25;

const text = (path: string) => readFileSync(join(DEPLOY, path), 'utf8');

const values = z.looseObject({
  config: z.record(z.string(), z.unknown()).default({}),
  secrets: z.looseObject({ settings: z.record(z.string(), z.string()).default({}) }).optional(),
});
const VALUES = [
  'helm/millrace/values.yaml',
  ...readdirSync(join(DEPLOY, 'helm/values')).map((one) => `helm/values/${one}`),
];
const MANIFESTS = ['embedded', 'kafka', 'monitoring'].map((name) => `kustomize/${name}/millrace.yaml`);

const manifest = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const objectsOf = (path: string) =>
  parseAllDocuments(text(path)).flatMap((document) => {
    const object: unknown = document.toJS();
    return object === null ? [] : [manifest.parse(object)];
  });
const statefulSet = z.object({
  spec: z.object({
    replicas: z.int(),
    serviceName: z.string(),
    template: z.object({
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        terminationGracePeriodSeconds: z.int(),
        securityContext: z.object({
          runAsNonRoot: z.literal(true),
          seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
        }),
        containers: z.tuple([
          z.object({
            env: z.array(z.object({ name: z.string(), value: z.string() })),
            securityContext: z.object({
              allowPrivilegeEscalation: z.literal(false),
              readOnlyRootFilesystem: z.literal(true),
              capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
            }),
            volumeMounts: z.array(z.object({ mountPath: z.string() })),
          }),
        ]),
      }),
    }),
  }),
});

const { settings } = await makeProgram();
const start = settings.commands.find(({ path }) => path === 'start');
const namesOfStart = new Set([...(start?.shared ?? []), ...(start?.own ?? [])].map(({ name }) => name));
const variables = new Set(['MILLRACE_CONFIG', 'MILLRACE_SECRET_KEY_FILE', ...settings.variables()]);

describe.each(VALUES)('the values %s', (path) => {
  const read: unknown = parse(text(path));

  it('are as the schema of the chart wants them', () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(text('helm/millrace/values.schema.json')));
    expect(validate(read), JSON.stringify(validate.errors)).toBe(true);
  });

  it('name settings that `millrace start` has', () => {
    const { config, secrets } = values.parse(read);
    const named = [...Object.keys(config), ...Object.keys(secrets?.settings ?? {})];
    expect(named.filter((name) => !namesOfStart.has(name))).toEqual([]);
  });
});

describe.each(MANIFESTS.slice(0, 2))('the manifests %s', (path) => {
  const objects = objectsOf(path);
  const set = statefulSet.parse(objects.find(({ kind }) => kind === 'StatefulSet'));
  const [container] = set.spec.template.spec.containers;

  it('give the program no rights, and no place to write but its volume and /tmp', () => {
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/data', '/tmp', '/etc/millrace']);
  });

  it('give it more time to end than a close takes', () => {
    expect(set.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(CLOSE_S);
  });

  it('set variables that the program reads, and settings that it has', () => {
    expect(container.env.map(({ name }) => name).filter((name) => !variables.has(name))).toEqual([]);
    const config = z.object({ data: z.object({ 'millrace.yaml': z.string() }) });
    const map = config.parse(objects.find(({ kind }) => kind === 'ConfigMap')).data['millrace.yaml'];
    expect(Object.keys(parse(map) ?? {}).filter((name) => !namesOfStart.has(name))).toEqual([]);
  });

  it('name the pods by a Service without an address', () => {
    const service = objects.find(({ metadata }) => metadata.name === set.spec.serviceName);
    expect(service).toMatchObject({ kind: 'Service', spec: { clusterIP: 'None' } });
  });
});

it('with a log of its own there is one process, for a log has one owner', () => {
  const set = statefulSet.parse(
    objectsOf('kustomize/embedded/millrace.yaml').find(({ kind }) => kind === 'StatefulSet'),
  );
  expect(set.spec.replicas).toBe(1);
});

it('the rules of alerts for the operator are those of Prometheus', () => {
  const rule = objectsOf('kustomize/monitoring/millrace.yaml').find(({ kind }) => kind === 'PrometheusRule');
  expect(rule?.['spec']).toEqual(parse(text('prometheus/rules/millrace.yml')));
});

it('each dashboard of Grafana is in the ConfigMap', () => {
  const { configMapGenerator } = z
    .object({ configMapGenerator: z.tuple([z.object({ files: z.array(z.string()) })]) })
    .parse(parse(text('grafana/kustomization.yaml')));
  const files = readdirSync(join(DEPLOY, 'grafana/dashboards')).sort();
  expect(configMapGenerator[0].files).toEqual(files.map((file) => `millrace-${file}=dashboards/${file}`));
});
