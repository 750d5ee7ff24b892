import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import 'uplot/dist/uPlot.min.css';
import './styles/main.css';
import { ApiProblem } from './api/client.js';
import { App } from './app.js';
import { LiveStore } from './live/live-store.js';
import { LiveContext } from './live/use-live.js';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      refetchOnWindowFocus: false,
      // A request that was refused is refused again.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
    },
  },
});

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <QueryClientProvider client={client}>
      <LiveContext value={new LiveStore()}>
        <App />
      </LiveContext>
    </QueryClientProvider>,
  );
}
