import type { z } from 'zod';
import { ConnectorError } from '../connector-error.js';
import type { Answer, HttpService } from '../http-service.js';

/** What was done with an object. */
export interface AppliedDashboard {
  readonly name: string;
  readonly result: 'created' | 'updated' | 'unchanged';
  /** What whoever asked for it should know beside that. */
  readonly note?: string;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const NOT_FOUND = 404;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

/** A service with a sign-in, whose answers are read. */
export class SignedService {
  readonly #service: HttpService;
  readonly #credentials: string;

  /** @param credentials how the service may be given them, for the message when it wants some */
  constructor(service: HttpService, credentials: string) {
    this.#service = service;
    this.#credentials = credentials;
  }

  get address(): string {
    return this.#service.address;
  }

  /** @throws ConnectorError */
  async ask<T>(schema: z.ZodType<T>, request: Request): Promise<T> {
    const found = await this.find(schema, request);
    if (found !== undefined) return found;
    throw new ConnectorError('SERVICE_REFUSED', `there is no ${request.path} at ${this.address}: is the URL right?`);
  }

  /** The same of what may not be there. @returns undefined when it is not */
  async find<T>(schema: z.ZodType<T>, request: Request): Promise<T | undefined> {
    const { body, status } = await this.send(request, [NOT_FOUND]);
    if (status === NOT_FOUND) return undefined;
    const read = schema.safeParse(body);
    if (read.success) return read.data;
    throw new ConnectorError(
      'SERVICE_REFUSED',
      `${this.address} answers ${nameOf(request)} with something else than is expected: is the URL right?`,
    );
  }

  /** @param allow statuses that are answers, and not errors, beside 2xx. @throws ConnectorError */
  async send(request: Request, allow: readonly number[] = []): Promise<Answer> {
    const { body, headers = {}, method, path } = request;
    const answer = await this.#service.request(method, path, {
      ...{ body, headers, allow: [...allow, UNAUTHORIZED, FORBIDDEN] },
    });
    if (answer.status === UNAUTHORIZED) {
      throw new ConnectorError(
        'SERVICE_REFUSED',
        `${this.address} does not accept who asks (${nameOf(request)}): give it ${this.#credentials}`,
      );
    }
    if (answer.status === FORBIDDEN) {
      throw new ConnectorError(
        'SERVICE_REFUSED',
        `whoever asks ${this.address} lacks the right for ${nameOf(request)}`,
      );
    }
    return answer;
  }
}

function nameOf({ method, path }: Request): string {
  return `${method} ${path.split('?')[0]}`;
}
