import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { servicesOf } from '../../api/questions.js';
import { Answer } from '../../parts/state.js';
import { Wide } from '../../parts/wide.js';
import { TopBar } from '../../shell/top-bar.js';
import { EntityTabs } from './entity-tabs.js';
import { NothingOfIt } from './nothing-of-it.js';
import { OneService } from './one-service.js';
import { ServiceTable } from './service-table.js';

const HEALTH_ORDER = { down: 0, degraded: 1, healthy: 2 } as const;

/** Services, those that are not well first, and one of them. */
export default function ServicesPage() {
  const [search] = useSearchParams();
  const asked = useQuery(servicesOf());
  const services = (asked.data?.items ?? []).toSorted(
    (one, other) =>
      HEALTH_ORDER[one.health] - HEALTH_ORDER[other.health] ||
      other.incidents.length - one.incidents.length ||
      one.service.localeCompare(other.service),
  );
  const chosen = search.get('name') ?? services[0]?.service;
  return (
    <>
      <TopBar title="Services">
        <EntityTabs at="/services" />
      </TopBar>
      <main id="main">
        <Wide label="Services" className="pad">
          <Answer asked={asked} what="The services could not be read." rows={6}>
            {() =>
              services.length === 0 ? (
                <NothingOfIt icon="services" title="No service has written a line yet." />
              ) : (
                <ServiceTable services={services} chosen={chosen} />
              )
            }
          </Answer>
        </Wide>
        {chosen !== undefined && <OneService key={chosen} name={chosen} />}
      </main>
    </>
  );
}
