import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
};

/** What a bundler puts before the extension; such a file never changes. */
const HASHED = /[-.][\w-]{8,}\.\w+$/;
const YEAR_SECONDS = 31_536_000;

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Millrace</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>Millrace</h1>
<p>The server runs. The dashboard is not built here.</p>
<ul>
<li><a href="/api/docs">The API, to try</a></li>
<li><a href="/api/openapi.json">The API, as an OpenAPI document</a></li>
<li><a href="/health">How the server does</a></li>
</ul>
</body>
</html>
`;

/** The dashboard's files. A path that is no file is a page of it: `index.html` shows it. */
export function dashboardFiles(directory: string): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const path = pathOf(request.path);
    if (path === undefined) return next();
    const index = join(directory, 'index.html');
    const file = join(directory, path);
    if (isFile(file)) return send(request, response, file);
    // A file that is not there is none of the pages.
    if (/\.\w{2,5}$/.test(path)) return next();
    if (isFile(index)) return send(request, response, index);
    response.set('Cache-Control', 'no-cache').type('html').send(NOT_BUILT);
  };
}

function pathOf(urlPath: string): string | undefined {
  try {
    const path = normalize(decodeURIComponent(urlPath));
    if (path.includes('\0') || path.split(sep).some((part) => part === '..' || part.startsWith('.'))) return undefined;
    return path;
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function send(request: Request, response: Response, file: string): void {
  const extension = /\.\w+$/.exec(file)?.[0] ?? '';
  const isHashed = HASHED.test(file) && extension !== '.html';
  response.set('Content-Type', TYPES[extension] ?? 'application/octet-stream');
  response.set('Cache-Control', isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');
  response.set('Vary', 'Accept-Encoding');
  for (const encoding of ENCODINGS) {
    if (!request.acceptsEncodings(encoding.name) || !isFile(file + encoding.extension)) continue;
    response.set('Content-Encoding', encoding.name);
    response.sendFile(file + encoding.extension, { cacheControl: false, dotfiles: 'allow' });
    return;
  }
  response.sendFile(file, { cacheControl: false, dotfiles: 'allow' });
}

/** The sources that the policy names for scripts that stand in `index.html` itself, by what they say. */
export function inlineScriptHashes(directory: string): string[] {
  const index = join(directory, 'index.html');
  if (!existsSync(index)) return [];
  const scripts = readFileSync(index, 'utf8').matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g);
  return [...scripts].map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
}
