/** Writes web/api/schema.ts: the types of the OpenAPI document, as this version's server gives it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { ROOT } from './steps.mjs';

const { openApiDocument } = await import('../dist/api/openapi.js');
const { RESOURCES } = await import('../dist/api/routes/table.js');
const document = JSON.parse(JSON.stringify(openApiDocument(RESOURCES, '0')));
const types = astToString(await openapiTypescript(document, { alphabetize: false }));
writeFileSync(join(ROOT, 'web/api/schema.ts'), `/* Made by npm run api:types of the OpenAPI document. */\n${types}`);
