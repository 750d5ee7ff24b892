import type { LogLine } from '../../api/client.js';

const MOST = 11_000;

/** Lines that came and lines that were asked for, both with the newest first: each once, and never more than a list can hold. */
export function merged(live: readonly LogLine[], asked: readonly LogLine[]): readonly LogLine[] {
  const [newestAsked] = asked;
  if (live.length === 0) return asked;
  if (newestAsked === undefined) return live.slice(0, MOST);
  const known = new Set<string>();
  for (let at = live.length - 1; at >= 0; at--) {
    const line = live[at];
    if (line === undefined || line.time > newestAsked.time) break;
    known.add(line.id);
  }
  const lines: LogLine[] = [];
  let next = 0;
  for (const one of asked) {
    if (known.has(one.id)) continue;
    for (let line = live[next]; line !== undefined && line.time >= one.time; line = live[++next]) lines.push(line);
    lines.push(one);
  }
  for (let line = live[next]; line !== undefined; line = live[++next]) lines.push(line);
  return lines.length > MOST ? lines.slice(0, MOST) : lines;
}
