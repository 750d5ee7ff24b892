import type { z } from 'zod';
import { ConnectorError } from '../connector-error.js';
import type { HttpService } from '../http-service.js';

/** What was done with an object. */
export interface AppliedDashboard {
  readonly name: string;
  readonly result: 'created' | 'updated' | 'unchanged';
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

/**
 * Asks a service with a sign-in, and reads its answer.
 *
 * @param credentials how the service may be given them, for the message when it wants some
 * @throws ConnectorError
 */
export async function ask<T>(
  service: HttpService,
  schema: z.ZodType<T>,
  credentials: string,
  request: Request,
): Promise<T> {
  const found = await find(service, schema, credentials, request);
  if (found !== undefined) return found;
  throw new ConnectorError('SERVICE_REFUSED', `there is no ${request.path} at ${service.address}: is the URL right?`);
}

/** The same of what may not be there. @returns undefined when it is not */
export async function find<T>(
  service: HttpService,
  schema: z.ZodType<T>,
  credentials: string,
  { body, headers = {}, method, path }: Request,
): Promise<T | undefined> {
  const answer = await service.request(method, path, { body, headers, allow: [UNAUTHORIZED, FORBIDDEN, NOT_FOUND] });
  if (answer.status === NOT_FOUND) return undefined;
  const asked = `${method} ${path.split('?')[0]}`;
  if (answer.status === UNAUTHORIZED) {
    throw new ConnectorError(
      'SERVICE_REFUSED',
      `${service.address} does not accept who asks (${asked}): give it ${credentials}`,
    );
  }
  if (answer.status === FORBIDDEN) {
    throw new ConnectorError('SERVICE_REFUSED', `whoever asks ${service.address} lacks the right for ${asked}`);
  }
  const read = schema.safeParse(answer.body);
  if (read.success) return read.data;
  throw new ConnectorError(
    'SERVICE_REFUSED',
    `${service.address} answers ${asked} with something else than is expected: is the URL right?`,
  );
}
