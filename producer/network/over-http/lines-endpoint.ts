import type { EventIntake } from '../../event-intake.js';
import { eventsIn, type Sink } from '../sink.js';
import { idOf } from './content-id.js';
import { type HttpAnswer, type HttpCall, type HttpEndpoint, HttpRefusal, json } from './http-call.js';

const PATHS = new Set(['/api/v1/events', '/api/v1/ingest']);
const SOURCE = 'http';
const KEY = /^[\x21-\x7e]{1,255}$/;
const MAX_REASONS = 10;

/** Lines as they are, or JSON: one object a line, one object, or a list of them. */
export class LinesEndpoint implements HttpEndpoint {
  readonly #events: EventIntake;
  readonly #sink: Sink;

  constructor(events: EventIntake, sink: Sink) {
    this.#events = events;
    this.#sink = sink;
  }

  /** What is read there is another's. */
  takes(method: string, path: string): boolean {
    return method === 'POST' && PATHS.has(path);
  }

  async answer(call: HttpCall): Promise<HttpAnswer> {
    const key = call.headers['idempotency-key'];
    if (key !== undefined && (typeof key !== 'string' || !KEY.test(key))) {
      throw new HttpRefusal(400, 'invalid-key', 'Idempotency-Key must be 1 to 255 visible characters.');
    }
    const body = await call.body();
    this.#events.addLines(linesOf(body.toString()), SOURCE);
    const batch = this.#events.take();
    const accepted = eventsIn(batch);
    const { badLines, excluded } = batch;
    if (accepted + badLines.length + excluded > 0) {
      await this.#sink.take(
        batch,
        body.length,
        key === undefined ? idOf(SOURCE, body) : { text: `key:${key}`, mayBeRepeated: true },
      );
    }
    const reasons = new Map<string, number>();
    for (const { reason } of badLines) {
      const [code = ''] = reason.split(':', 1);
      reasons.set(code, (reasons.get(code) ?? 0) + 1);
    }
    return json(accepted === 0 && badLines.length > 0 ? 422 : 200, {
      accepted,
      refused: badLines.length,
      left_out: excluded,
      reasons: Object.fromEntries([...reasons].slice(0, MAX_REASONS)),
      ...(badLines[0] === undefined ? {} : { first_refused: badLines[0].reason }),
    });
  }

  refusal({ path }: Pick<HttpCall, 'headers' | 'path'>, { code, message, status }: HttpRefusal): HttpAnswer {
    const problem = { type: `urn:millrace:problem:${code}`, title: code, status, detail: message, instance: path };
    return { status, type: 'application/problem+json', body: JSON.stringify(problem) };
  }
}

function linesOf(text: string): string[] {
  const start = text.trimStart();
  if (start.startsWith('[') || (start.startsWith('{') && !isJsonLine(start))) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (Array.isArray(parsed)) return parsed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
      if (typeof parsed === 'object' && parsed !== null) return [JSON.stringify(parsed)];
    } catch {
      // Lines may begin so, too.
    }
  }
  return text.split(/\r?\n/);
}

/** Whether the first line is an object by itself. */
function isJsonLine(text: string): boolean {
  const end = text.indexOf('\n');
  return end >= 0 && text.slice(0, end).trimEnd().endsWith('}');
}
