import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router } from 'express';

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Millrace: the API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" href="/api/docs/favicon-32x32.png">
</head>
<body>
<div id="api"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: (request) => ({ ...request, headers: { ...request.headers, 'X-Millrace': '1' } }),
});
`;

/** Swagger UI over the OpenAPI document; all its files come from here. */
export function apiDocs(): Router {
  const router = Router();
  const directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  router.get('/', (_request, response) => {
    response.type('html').send(PAGE);
  });
  router.get('/start.js', (_request, response) => {
    response.type('text/javascript').send(START);
  });
  for (const file of FILES) {
    router.get(`/${file}`, (_request, response) => {
      response.sendFile(file, { root: directory, maxAge: '1d' });
    });
  }
  return router;
}
