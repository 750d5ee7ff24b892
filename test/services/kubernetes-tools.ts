import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import { Downloads, defaultCacheDirectory } from '../../stack/downloads.js';
import { go, goProgram } from './go-programs.js';

const HELM = 'helm.sh/helm/v3/cmd/helm@v3.22.0';
const VALIDATOR = '1.37.0';
/** Where the operators' own types of objects are described. */
const OPERATORS = [
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    directory: 'example/prometheus-operator-crd',
    files: ['monitoring.coreos.com_servicemonitors.yaml', 'monitoring.coreos.com_prometheusrules.yaml'],
  },
  {
    module: 'github.com/kedacore/keda/v2@v2.17.2',
    directory: 'config/crd/bases',
    files: ['keda.sh_scaledobjects.yaml'],
  },
];

/** Programs that look at what the chart makes. */
export interface KubernetesTools {
  readonly helm: string;
  /** What is wrong with the objects of Kubernetes' own kinds; empty when nothing is. */
  complaints(yaml: string): string;
  /** The same of an object of an operator's kind. @throws an error for a kind that is not known */
  complaintsOfOperator(object: { readonly kind: string }): unknown;
}

/**
 * Helm of the PATH, or built by Go; the schemas of Kubernetes from a Python package, those of operators from their Go
 * modules.
 *
 * @returns the reason why they cannot be had, which is printed
 */
export async function kubernetesTools(): Promise<KubernetesTools | string> {
  try {
    const helm = goProgram('helm', HELM);
    const validator = await new Downloads(defaultCacheDirectory()).pythonPackage('kubernetes-validate', VALIDATOR);
    const validators = operatorSchemas();
    return {
      helm,
      complaints: (yaml) => {
        const directory = mkdtempSync(join(tmpdir(), 'millrace-manifests-'));
        const file = join(directory, 'objects.yaml');
        writeFileSync(file, yaml);
        const { status, stderr, stdout } = spawnSync(
          'python3',
          ['-m', 'kubernetes_validate', '--strict', '--quiet', '--no-warn', file],
          { encoding: 'utf8', env: { ...process.env, PYTHONPATH: validator } },
        );
        rmSync(directory, { recursive: true });
        return status === 0 ? '' : `${stdout}${stderr}` || `exit code ${status}`;
      },
      complaintsOfOperator: (object) => {
        const validate = validators.get(object.kind);
        if (validate === undefined) throw new Error(`no schema of ${object.kind}`);
        return validate(object) ? undefined : validate.errors;
      },
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.warn(`skipped, for the tools of Kubernetes cannot be had here: ${error.message}`);
    return error.message;
  }
}

/** By kind. A property that is not described would be dropped without a word: here it is a fault. */
function operatorSchemas() {
  const definition = z.object({
    spec: z.object({
      names: z.object({ kind: z.string() }),
      versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: z.record(z.string(), z.unknown()) }) })]),
    }),
  });
  const ajv = new Ajv({ strict: false, validateFormats: false });
  return new Map(
    OPERATORS.flatMap(({ directory, files, module }) => {
      const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(go(['mod', 'download', '-json', module])));
      return files.map((file) => {
        const { names, versions } = definition.parse(parse(readFileSync(join(Dir, directory, file), 'utf8'))).spec;
        return [names.kind, ajv.compile(closed(versions[0].schema.openAPIV3Schema) as object)] as const;
      });
    }),
  );
}

/** A schema whose objects take what they describe and nothing else. */
function closed(schema: unknown, isTop = true): unknown {
  if (Array.isArray(schema)) return schema.map((one) => closed(one, false));
  if (typeof schema !== 'object' || schema === null) return schema;
  // Go's patterns may have flags, which JavaScript's have not.
  const members = Object.entries(schema).filter(([key, value]) => key !== 'pattern' || !String(value).includes('(?i)'));
  const inner = Object.fromEntries(members.map(([key, value]) => [key, closed(value, false)]));
  const isDescribed = 'properties' in inner && inner['type'] === 'object' && !('additionalProperties' in inner);
  const isOpen = isTop || inner['x-kubernetes-preserve-unknown-fields'] === true;
  return isDescribed && !isOpen ? { ...inner, additionalProperties: false } : inner;
}
