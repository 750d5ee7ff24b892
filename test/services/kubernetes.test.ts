import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kubernetesTools } from './kubernetes-tools.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHART = join(ROOT, 'deploy/helm/millrace');
const KAFKA = ['--values', join(ROOT, 'deploy/helm/values/kafka.yaml')];
const SECURED = ['--values', join(ROOT, 'deploy/helm/values/secured.yaml')];
const INGRESS = [
  ...['--set', 'ingress.enabled=true,ingress.className=nginx,ingress.hosts={logs.example,www.logs.example}'],
  ...['--set', 'ingress.tlsSecret=logs-tls', '--set-json', 'ingress.annotations={"cert-manager.io/issuer":"ours"}'],
];
const OPERATORS = ['monitoring.coreos.com/v1', 'keda.sh/v1alpha1'];

const tools = await kubernetesTools();
const reason = typeof tools === 'string' ? tools : undefined;

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({}).optional(),
  data: z.record(z.string(), z.string()).optional(),
});

const stateful = z.looseObject({
  volumeClaimTemplates: z.array(z.unknown()).optional(),
  template: z.looseObject({ spec: z.looseObject({ volumes: z.array(z.looseObject({ name: z.string() })) }) }),
});

function helm(args: readonly string[], release = 'logs') {
  if (typeof tools === 'string') throw new Error(tools);
  const template = ['template', release, CHART, '--kube-version', '1.30.0', '--namespace', 'logs', ...args];
  return spawnSync(tools.helm, template, { encoding: 'utf8' });
}

function render(args: readonly string[], release?: string) {
  const { status, stderr, stdout } = helm(args, release);
  expect(status, stderr).toBe(0);
  const objects = parseAllDocuments(stdout).flatMap((document) => {
    const one: unknown = document.toJS();
    return one === null ? [] : [{ text: document.toString(), object: object.parse(one) }];
  });
  return { objects, kinds: objects.map((one) => one.object.kind).sort() };
}

describe.skipIf(reason)('the chart', () => {
  it.each([
    ['as it is', []],
    ['on Kafka', KAFKA],
    ['with all that is optional, and KEDA', SECURED],
    ['with an autoscaler by an external metric', [...SECURED, '--set', 'autoscaling.by=hpa']],
    ['with a Secret that exists', [...SECURED, '--set', 'secrets.values=null,secrets.existing=kafka']],
    [
      'with places, volumes and variables of one’s own',
      [
        ...['--set-json', 'extraVolumes=[{"name":"alerts","configMap":{"name":"alerts"}}]'],
        ...['--set-json', 'extraVolumeMounts=[{"name":"alerts","mountPath":"/etc/alerts"}]'],
        ...['--set-json', 'extraEnv=[{"name":"TZ","value":"UTC"}]', '--set', 'nodeSelector.disk=ssd'],
        ...['--set-json', 'tolerations=[{"key":"logs","operator":"Exists"}]', '--set', 'persistence.storageClass=fast'],
        ...['--set-json', 'imagePullSecrets=[{"name":"registry"}]', '--set', 'networkPolicy.enabled=false'],
      ],
    ],
    ['with an Ingress, and volumes that go with their pods', [...INGRESS, '--set', 'persistence.enabled=false']],
  ])('%s makes objects that Kubernetes and its operators take', (_name, args) => {
    if (typeof tools === 'string') throw new Error(tools);
    const { objects } = render(args);
    const [theirs, own] = [true, false].map((is) =>
      objects.filter((one) => OPERATORS.includes(one.object.apiVersion) === is),
    );
    expect(tools.complaints((own ?? []).map(({ text }) => text).join('\n---\n'))).toBe('');
    for (const one of theirs ?? []) expect(tools.complaintsOfOperator(one.object), one.object.kind).toBeUndefined();
  });

  it('makes what is optional only where it is asked for', () => {
    const usual = ['ConfigMap', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service', 'ServiceAccount'];
    expect(render([]).kinds).toEqual([...usual, 'StatefulSet']);
    const { kinds } = render(SECURED);
    for (const kind of ['PrometheusRule', 'ScaledObject', 'Secret', 'ServiceMonitor']) expect(kinds).toContain(kind);
    expect(kinds.filter((kind) => kind === 'ConfigMap')).toHaveLength(8);
    expect(render([...SECURED, '--set', 'autoscaling.by=hpa']).kinds).toContain('HorizontalPodAutoscaler');
  });

  it('gives Prometheus the rules, and Grafana the dashboards, that are in deploy/', () => {
    const objects = render(SECURED).objects.map((one) => one.object);
    const rules: unknown = parse(readFileSync(join(ROOT, 'deploy/prometheus/rules/millrace.yml'), 'utf8'));
    expect(objects.find(({ kind }) => kind === 'PrometheusRule')?.spec).toEqual(rules);
    const web = objects.find(({ metadata }) => metadata.name === 'logs-millrace-dashboard-web');
    expect(JSON.parse(web?.data?.['millrace-web.json'] ?? '')).toEqual(
      JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/dashboards/web.json'), 'utf8')),
    );
  });

  it('gives credentials as files, and none in the ConfigMap or in the environment', () => {
    const { objects } = render(SECURED);
    for (const { object: one, text } of objects) {
      if (one.kind !== 'Secret') expect(text, one.kind).not.toContain('change-me');
    }
    const set = objects.find((one) => one.object.kind === 'StatefulSet')?.text;
    expect(set).toMatch(/name: MILLRACE_KAFKA_SETTING_FILE,\s+value: \/run\/secrets\/millrace\/kafka/);
    expect(set).toMatch(/name: MILLRACE_SECRET_KEY_FILE,\s+value: \/run\/secrets\/millrace\/secret-key/);
  });

  it('routes the names of an Ingress to the Service of the dashboard, by TLS where a certificate is named', () => {
    const ingress = (args: readonly string[]) =>
      render(args).objects.find((one) => one.object.kind === 'Ingress')?.object.spec;
    const hosts = ['logs.example', 'www.logs.example'];
    const backend = { service: { name: 'logs-millrace', port: { name: 'http' } } };
    const rules = hosts.map((host) => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }));
    const plain = { ingressClassName: 'nginx', rules };
    expect(ingress(INGRESS)).toEqual({ ...plain, tls: [{ hosts, secretName: 'logs-tls' }] });
    expect(ingress([...INGRESS, '--set', 'ingress.tlsSecret='])).toEqual(plain);
  });

  it('keeps the data of a pod on a claim, or without persistence only as long as the pod', () => {
    const volumes = (args: readonly string[]) => {
      const spec = render(args).objects.find((one) => one.object.kind === 'StatefulSet')?.object.spec;
      return stateful.parse(spec);
    };
    const names = (all: readonly { name: string }[]) => all.map(({ name }) => name);
    const kept = volumes([]);
    expect(kept.volumeClaimTemplates).toHaveLength(1);
    expect(names(kept.template.spec.volumes)).toEqual(['tmp', 'config']);
    const passing = volumes(['--set', 'persistence.enabled=false']);
    expect(passing.volumeClaimTemplates).toBeUndefined();
    expect(names(passing.template.spec.volumes)).toEqual(['tmp', 'data', 'config']);
    expect(passing.template.spec.volumes[1]).toEqual({ name: 'data', emptyDir: { sizeLimit: '40Gi' } });
  });

  it('leaves the number of replicas to the autoscaler', () => {
    const replicas = (args: readonly string[]) =>
      render(args).objects.find((one) => one.object.kind === 'StatefulSet')?.object.spec?.['replicas'];
    expect(replicas(KAFKA)).toBe(3);
    expect(replicas(SECURED)).toBeUndefined();
  });

  it.each([
    ['several replicas without Kafka', ['--set', 'replicas=2'], 'several replicas need Kafka'],
    ['Kafka without a registry', ['--set', 'config.brokers=kafka:9092'], 'a schema registry is needed'],
    ['an Ingress without a name', ['--set', 'ingress.enabled=true'], 'set ingress.hosts'],
    ['a key of no Secret', ['--set', 'secrets.secretKey=key'], 'name keys of a Secret'],
    ['a value that there is not', ['--set', 'replica=2'], "additional properties 'replica' not allowed"],
    ['a setting that the chart makes', ['--set', 'config.http=false'], "invalid propertyName 'http'"],
    ['less time to end than a close takes', ['--set', 'terminationGracePeriodSeconds=10'], 'minimum'],
  ])('refuses %s', (_name, args, message) => {
    const { status, stderr } = helm(args);
    expect(status).not.toBe(0);
    expect(stderr).toContain(message);
  });

  it('names its objects for the release', () => {
    const names = (release: string) => new Set(render([], release).objects.map((one) => one.object.metadata.name));
    expect(names('logs')).toEqual(new Set(['logs-millrace', 'logs-millrace-pods']));
    expect(names('millrace')).toEqual(new Set(['millrace', 'millrace-pods']));
  });
});

it.skipIf(reason)('the plain manifests are what the chart makes', () => {
  if (typeof tools === 'string') throw new Error(tools);
  const check = spawnSync(process.execPath, [join(ROOT, 'bin/kubernetes-manifests.mjs'), '--check'], {
    ...{ encoding: 'utf8', env: { ...process.env, HELM: tools.helm } },
  });
  expect(check.stderr).toBe('');
  expect(check.status).toBe(0);
});

const kustomize = ['kubectl', 'kustomize'].find(
  (program) => spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined,
);

it.skipIf(reason || !kustomize).each(['kustomize/embedded', 'kustomize/kafka', 'kustomize/monitoring', 'grafana'])(
  'kustomize makes objects of deploy/%s that Kubernetes takes',
  (directory) => {
    if (typeof tools === 'string' || kustomize === undefined) throw new Error('not to be had');
    const command = kustomize === 'kubectl' ? ['kustomize'] : ['build'];
    const { status, stderr, stdout } = spawnSync(kustomize, [...command, join(ROOT, 'deploy', directory)], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    const own: string[] = [];
    for (const document of parseAllDocuments(stdout)) {
      const one = object.parse(document.toJS());
      if (one.kind !== 'Namespace') expect(one.metadata['namespace'], one.kind).toBe('millrace');
      if (OPERATORS.includes(one.apiVersion)) expect(tools.complaintsOfOperator(one)).toBeUndefined();
      else own.push(document.toString());
    }
    if (own.length > 0) expect(tools.complaints(own.join('\n---\n'))).toBe('');
  },
);
