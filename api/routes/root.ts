import { Router } from 'express';
import type { ServerOptions } from '../server.js';

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
  return router;
}
