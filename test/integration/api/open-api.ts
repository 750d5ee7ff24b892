import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** The parts of the server's OpenAPI document that tests read. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: unknown;
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}

const ajv = new Ajv2020({ strict: false, formats: { uuid: true } });

export async function openApiOf(url: string): Promise<OpenApi> {
  return (await (await fetch(`${url}/api/openapi.json`)).json()) as OpenApi;
}

/** Checks bodies by a schema of the document. */
export function validatorOf({ components }: OpenApi, schema: object): ValidateFunction {
  return ajv.compile({ components, ...schema });
}
