import type { LogLine } from '../../api/client.js';
import { useWatched } from '../../parts/watched.js';

const SOURCES = { service: 'services', host: 'requests', sensor: 'sensors' } as const;

/** Of which lines there are some, where the address names no kind: of services, or else requests, or readings. */
export function useUsualSource(enabled: boolean): LogLine['kind'] {
  const [first] = useWatched(enabled);
  return SOURCES[first?.name ?? 'service'];
}
