import { useSearchChanges } from '../../shell/search-changes.js';

/** A name to choose of a list: the URL says which one is shown beside it. */
export function Choice({ name, param }: { readonly name: string; readonly param: string }) {
  const change = useSearchChanges();
  return (
    <button type="button" className="n" onClick={() => change({ [param]: name })}>
      {name}
    </button>
  );
}
