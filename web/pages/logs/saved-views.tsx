import { type FormEvent, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { Icon } from '../../parts/icon.js';

interface SavedView {
  readonly name: string;
  /** Path and query. */
  readonly url: string;
}

const KEPT = 'millrace.views';

function savedViews(): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '[]');
    return Array.isArray(kept)
      ? kept.filter((one): one is SavedView => typeof one?.name === 'string' && typeof one?.url === 'string')
      : [];
  } catch {
    return [];
  }
}

/** Named URLs of this browser: what is looked at often. A link does the same for others. */
export function SavedViews() {
  const [views, setViews] = useState(savedViews);
  const [path] = useLocation();
  const [search] = useSearchParams();
  const keep = (next: SavedView[]) => {
    localStorage.setItem(KEPT, JSON.stringify(next));
    setViews(next);
  };
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get('name')).trim();
    const params = new URLSearchParams(search);
    for (const passing of ['line', 'sel']) params.delete(passing);
    if (name !== '') keep([...views.filter((one) => one.name !== name), { name, url: `${path}?${params}` }]);
    form.reset();
  };
  return (
    <>
      <button type="button" className="btn" popoverTarget="pop-views" aria-haspopup="dialog">
        <Icon name="bookmark" />
        Views
      </button>
      <div popover="auto" id="pop-views" className="pop at-r" role="dialog" aria-label="Saved views">
        <p className="pop-t">
          Views <span className="dim">of this browser</span>
        </p>
        {views.length > 0 && (
          <ul className="menu">
            {views.map(({ name, url }) => (
              <li key={name} className="flex items-center">
                <Link href={url} onClick={() => document.getElementById('pop-views')?.hidePopover()}>
                  {name}
                </Link>
                <button
                  type="button"
                  className="btn ghost sm sq"
                  aria-label={`Forget ${name}`}
                  onClick={() => keep(views.filter((one) => one.name !== name))}
                >
                  <Icon name="x" />
                </button>
              </li>
            ))}
          </ul>
        )}
        <form className="range-f" onSubmit={save}>
          <label>
            Name of this one
            <input name="name" className="in" required maxLength={80} placeholder="Failed payments" />
          </label>
          <button type="submit" className="btn sm">
            Save view
          </button>
        </form>
      </div>
    </>
  );
}
