import { type LineFormat, type LineOutcome, LineRefusal, ReadingFields, shown } from './line-format.js';

const LINE =
  /^([\w%+*~#:-]{1,200}(?:\.[\w%+*~#:-]{1,200}){0,64})((?:;[^;\s=]{1,200}=[^;\s]{0,200}){0,64}) +(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) +(\d{9,10})\s*$/;

/** Graphite's plaintext protocol, with tags or without: `servers.web-1.load 0.42 1709809501`. */
export class GraphiteFormat implements LineFormat {
  read(line: string): LineOutcome {
    const [, path, tags = '', value, time] = LINE.exec(line) ?? [];
    if (path === undefined) return new LineRefusal('not-in-format', `no line of Graphite's: ${shown(line)}`);
    const fields = new ReadingFields();
    fields.sensor = `${path}${tags}`;
    fields.value = Number(value);
    fields.time = Number(time);
    return fields;
  }
}
