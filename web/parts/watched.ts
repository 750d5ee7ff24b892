import { useQuery } from '@tanstack/react-query';
import { hostsOf, sensorsOf, servicesOf } from '../api/questions.js';

export interface Watched {
  readonly name: 'service' | 'host' | 'sensor';
  /** The page that shows them. */
  readonly href: string;
  readonly number: number;
}

/** What the logs are of: services, hosts and sensors, those that there are. */
export function useWatched(enabled = true): readonly Watched[] {
  const services = useQuery({ ...servicesOf(), enabled }).data?.items ?? [];
  const hosts = useQuery({ ...hostsOf(), enabled }).data?.items ?? [];
  const sensors = useQuery({ ...sensorsOf(), enabled }).data?.items ?? [];
  const all: readonly Watched[] = [
    { name: 'service', href: '/services', number: services.length },
    { name: 'host', href: '/hosts', number: hosts.filter(({ host }) => host !== '*').length },
    { name: 'sensor', href: '/sensors', number: sensors.length },
  ];
  return all.filter(({ number }) => number > 0);
}
