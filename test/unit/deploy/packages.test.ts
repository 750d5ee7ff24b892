import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(fileURLToPath(new URL(path, ROOT)), 'utf8')) as Manifest;
}

it("the application, which is published with the engine in it, depends on what the engine's package depends on", () => {
  const application = manifest('package.json');
  const engine = manifest('streams/package.json');
  expect(application.dependencies).toMatchObject(engine.dependencies);
  expect({ ...application.peerDependencies, ...application.dependencies }).toMatchObject(engine.peerDependencies);
  expect(application.engines).toEqual(engine.engines);
  expect(application.dependencies).not.toHaveProperty('@millrace/streams');
});
