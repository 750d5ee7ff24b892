import { useSearchParams } from 'wouter';
import { Segments } from '../parts/segments.js';
import { useSearchChanges } from './search-changes.js';

/** The views of a page, the first of which has no name: the URL says which one is shown. */
export function ViewSwitch({ views }: { readonly views: Parameters<typeof Segments<string>>[0]['options'] }) {
  const [search] = useSearchParams();
  const change = useSearchChanges();
  return (
    <Segments
      label="Views"
      options={views}
      chosen={search.get('view') ?? ''}
      onChoose={(name) => change({ view: name })}
    />
  );
}
