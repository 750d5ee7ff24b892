import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EventBuilder } from '../../../producer/event-builder.js';
import { ASSET_PATHS, excludedPaths } from '../../../producer/excluded-paths.js';
import { chosenFormat } from '../../../producer/formats/known-formats.js';
import { type LineFormat, RequestFields } from '../../../producer/formats/line-format.js';
import { Committed, combined, temporaryFolder } from './log-inputs.js';

const TIME = '07/Mar/2024:11:05:01 +0000';
const OPTIONS = { host: 'unknown', server: 'unknown', maxFutureMs: Number.POSITIVE_INFINITY };

function formatOf(format: string): LineFormat {
  return chosenFormat(format, { forwarded: 'http_x_forwarded_for' }).format;
}

describe('requests that are left out', () => {
  const isAsset = excludedPaths([ASSET_PATHS]);

  it.each([
    '/a.css',
    '/static/App.JS?v=1',
    '/deep/er/logo.svg#x',
    '/.hidden/f.woff2',
    'https://a.example/b/c.png?d=/e',
  ])('assets are known by what their path ends in: %s', (path) => expect(isAsset(path)).toBe(true));

  it.each(['/', '/a', '/css', '/a.css/', '/a.json', '/x?file=a.css', '*', 'a.example:443'])(
    'what a page or an interface is stays: %s',
    (path) => expect(isAsset(path)).toBe(false),
  );

  it('globs are compared with the whole path', () => {
    const isExcluded = excludedPaths(['/health', '/static/**', '/api/*/ping']);
    const paths = ['/health', '/Health?x', '/health/deep', '/static/a/b', '/api/v1/ping', '/api/v1/x/ping', '/'];
    expect(paths.filter(isExcluded)).toEqual(['/health', '/Health?x', '/static/a/b', '/api/v1/ping']);
  });

  it.each([
    ['auto', `203.0.113.5 - - [${TIME}] "GET /a.css HTTP/1.1" 200 5 "-" "m"`],
    ['auto', `{"remote_addr":"203.0.113.5","time_local":"${TIME}","status":200,"uri":"/a.css"}`],
    ['auto', `{"ts":1709809501,"request":{"remote_ip":"203.0.113.5","uri":"/a.css"},"status":200}`],
    ['auto', `{"ClientHost":"203.0.113.5","StartUTC":"2024-03-07T11:05:01Z","RequestPath":"/a.css"}`],
    ['auto', `{"log":"203.0.113.5 - - [${TIME}] \\"GET /a.css HTTP/1.1\\" 200 5\\n"}`],
    ['ltsv', `time:[${TIME}]\thost:203.0.113.5\turi:/a.css\tstatus:200`],
    ['$remote_addr [$time_local] $request_method $request_uri $status', `203.0.113.5 [${TIME}] GET /a.css 200`],
    ['$remote_addr [$time_local] "$request" $status', `203.0.113.5 [${TIME}] "GET /a.css HTTP/1.1" 200`],
  ])('every format tells the path: %s %s', (format, asset) => {
    const builder = new EventBuilder({ ...OPTIONS, isExcluded: isAsset });
    const excludes = (line: string) => {
      const fields = formatOf(format).read(line);
      if (!(fields instanceof RequestFields)) throw new Error(String(fields));
      return builder.excludes(fields);
    };
    expect(excludes(asset)).toBe(true);
    expect(excludes(asset.replace('/a.css', '/a'))).toBe(false);
  });

  it('a line that does not say what was asked for stays', () => {
    const fields = formatOf('auto').read(`203.0.113.5 - - [${TIME}] "-" 408 0 "-" "-"`);
    if (!(fields instanceof RequestFields)) throw new Error(String(fields));
    expect(new EventBuilder({ ...OPTIONS, isExcluded: () => true }).excludes(fields)).toBe(false);
  });

  it('are counted, and read once, also where nothing else is in a log', async () => {
    const folder = await temporaryFolder();
    const log = folder.path('access.log');
    const committed = new Committed();
    const excluded = () => committed.batches.reduce((sum, batch) => sum + batch.excluded, 0);
    const read = () => committed.read(log, { isExcluded: excludedPaths(['/page/*']) });
    await writeFile(log, `${combined(1)}\n${combined(2)}\n`);
    await read();
    await read();
    expect(excluded()).toBe(2);
    await writeFile(log, `${combined(1)}\n${combined(2)}\n${combined(3)}\n${combined(4).replace('/page/4', '/')}\n`);
    await read();
    expect(excluded()).toBe(3);
    expect(committed.clients).toEqual(['10.0.4.1']);
    await folder.remove();
  });
});
