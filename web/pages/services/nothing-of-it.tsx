import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { hostsOf, sensorsOf, servicesOf } from '../../api/questions.js';
import { Icon, type IconName } from '../../parts/icon.js';
import { Note } from '../../parts/state.js';
import { count } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';

/** A page without any of its entities leads on to those that there are: logs are of one kind mostly. */
export function NothingOfIt({ icon, title }: { readonly icon: IconName; readonly title: string }) {
  const services = useQuery(servicesOf()).data?.items.length ?? 0;
  const hosts = useQuery(hostsOf()).data?.items.filter(({ host }) => host !== '*').length ?? 0;
  const sensors = useQuery(sensorsOf()).data?.items.length ?? 0;
  const linkTo = useRangeLink();
  const others = [
    { href: '/services', number: services, name: 'service' },
    { href: '/hosts', number: hosts, name: 'host' },
    { href: '/sensors', number: sensors, name: 'sensor' },
  ].filter(({ number }) => number > 0);
  return (
    <div className="pageh">
      <Note icon={icon} title={title}>
        {others.map(({ href, name, number }) => (
          <Link key={href} className="lnk" href={linkTo(href)}>
            {count(number, name)}
            <Icon name="arrow" />
          </Link>
        ))}
      </Note>
    </div>
  );
}
