import { type Request, Router } from 'express';
import type { Authentication } from '../auth/authentication.js';
import { Problem } from '../problems.js';
import { prometheusText } from '../prometheus.js';
import type { ServerOptions } from '../server.js';
import { serverFigures, serverMetricsText } from '../server-metrics.js';

/** What stands outside of the API: how the server does. Probes need no sign-in, and are told nothing else. */
export function rootRoutes({ services }: ServerOptions): Router {
  const router = Router();
  const { live, startedAt, version } = services;
  router.get('/health/live', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'live' });
  });
  const ready = () => live.failure === undefined && live.isReady;
  router.get('/health/ready', (_request, response) => {
    const isReady = ready();
    response
      .status(isReady ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ status: isReady ? 'ready' : live.failure === undefined ? 'starting' : 'failed' });
  });
  router.get('/health', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({
      status: live.failure !== undefined ? 'failed' : ready() ? 'ready' : 'starting',
      version,
      uptime_s: Math.floor((Date.now() - startedAt) / 1000),
    });
  });
  router.get('/metrics', async (request, response) => {
    await admitScraper(request, services.authentication);
    response
      .set('Cache-Control', 'no-store')
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(prometheusText(live.status) + serverMetricsText(await serverFigures(services)));
  });
  return router;
}

/** A Prometheus on this machine needs no token; one elsewhere, or behind a proxy, does. */
async function admitScraper(request: Request, authentication: Authentication): Promise<void> {
  const address = request.socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  const isForwarded = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
  if (isLoopback && !isForwarded && request.headers.authorization === undefined) return;
  const visitor = await authentication.visitorOf(request);
  if (visitor === undefined)
    throw new Problem(401, 'not-signed-in', 'From elsewhere, metrics need a token: Authorization: Bearer.');
}
