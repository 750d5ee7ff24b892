import { useQuery } from '@tanstack/react-query';
import type { LogLine } from '../../api/client.js';
import { hostsOf, sensorsOf, servicesOf } from '../../api/questions.js';

/** Of which lines there are some, where the address names no kind: of services, or else requests, or readings. */
export function useUsualSource(enabled: boolean): LogLine['kind'] {
  const services = useQuery({ ...servicesOf(), enabled }).data?.items.length ?? 0;
  const hosts = useQuery({ ...hostsOf(), enabled }).data?.items.length ?? 0;
  const sensors = useQuery({ ...sensorsOf(), enabled }).data?.items.length ?? 0;
  if (services > 0) return 'services';
  if (hosts > 0) return 'requests';
  return sensors > 0 ? 'sensors' : 'services';
}
