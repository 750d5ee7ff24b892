import { Link } from 'wouter';
import { Icon, type IconName } from '../../parts/icon.js';
import { Note } from '../../parts/state.js';
import { useWatched } from '../../parts/watched.js';
import { count } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';

/** A page without any of its entities leads on to those that there are: logs are of one kind mostly. */
export function NothingOfIt({ icon, title }: { readonly icon: IconName; readonly title: string }) {
  const others = useWatched();
  const linkTo = useRangeLink();
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
