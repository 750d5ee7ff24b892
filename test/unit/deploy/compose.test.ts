import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');

const volume = z.union([z.string(), z.object({ type: z.literal('volume'), source: z.string(), target: z.string() })]);
const compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      mem_limit: z.string(),
      pids_limit: z.int(),
      security_opt: z.array(z.string()),
      read_only: z.boolean().default(false),
      cap_drop: z.array(z.string()).default([]),
      ports: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
      volumes: z.array(volume).default([]),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      healthcheck: z
        .union([z.object({ disable: z.literal(true) }), z.object({ test: z.array(z.string()) })])
        .optional(),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
});
const { services, volumes } = compose.parse(parse(text, { merge: true }));
const sources = Object.values(services).flatMap((service) =>
  service.volumes.map((one) => (typeof one === 'string' ? (one.split(':')[0] ?? '') : one.source)),
);

describe.each(Object.entries(services))('the service %s', (name, service) => {
  it('listens on this machine only, has limits, and gets no more rights than it has', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{\w+_PORT:-\d+\}:\d+$/);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
  });

  it('says whether it is well, unless it has no server or its image says so', () => {
    if (name !== 'millrace') expect(service.healthcheck).toBeDefined();
  });

  it('waits for services that are there, until they are well or done', () => {
    for (const [other, { condition }] of Object.entries(service.depends_on)) {
      const isOnce = other === 'secrets';
      expect(condition).toBe(isOnce ? 'service_completed_successfully' : 'service_healthy');
      expect(Object.keys(services)).toContain(other);
    }
  });

  it('has no password in its settings', () => {
    const named = Object.keys(service.environment).filter((key) => /PASSWORD|SECRET|TOKEN/.test(key));
    expect(named.filter((key) => !key.endsWith('__FILE'))).toEqual([]);
  });
});

it('what is of Millrace, Prometheus and Grafana can write to its volumes and to /tmp alone', () => {
  const shut = Object.entries(services).filter(([, { cap_drop, read_only }]) => read_only && cap_drop.includes('ALL'));
  expect(shut.map(([name]) => name).sort()).toEqual([
    ...['connectors', 'dashboards', 'grafana', 'millrace', 'producer', 'prometheus', 'secrets'],
  ]);
});

it('each volume is declared and used, and each file that is mounted is there', () => {
  expect(sources.filter((source) => !source.startsWith('./') && !(source in volumes))).toEqual([]);
  expect(Object.keys(volumes).filter((name) => !sources.includes(name))).toEqual([]);
  expect(sources.filter((source) => source.startsWith('./') && !existsSync(join(ROOT, source)))).toEqual([]);
});

it('.env.example names each setting with its default', () => {
  const used = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/\$\{([A-Z0-9_]+):-([^}]*)\}/g)) used.set(name, value);
  const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
  const told = new Map(
    [...example.matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(used));
});

it('services of one kind have one version', () => {
  const tags = (image: string) =>
    Object.values(services).flatMap((one) => (one.image.includes(image) ? [one.image] : []));
  expect(tags('docker.elastic.co').map((image) => image.split(':').slice(1).join(':'))).toHaveLength(2);
  expect(new Set(tags('docker.elastic.co').map((image) => image.split(':').slice(1).join(':'))).size).toBe(1);
});
