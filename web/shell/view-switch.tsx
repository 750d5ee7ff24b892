import { useSearchParams } from 'wouter';
import { Segments } from '../parts/segments.js';

/** The views of a page, the first of which has no name: the URL says which one is shown. */
export function ViewSwitch({ views }: { readonly views: Parameters<typeof Segments<string>>[0]['options'] }) {
  const [search, setSearch] = useSearchParams();
  return (
    <Segments
      label="Views"
      options={views}
      chosen={search.get('view') ?? ''}
      onChoose={(name) =>
        setSearch((params) => {
          params.set('view', name);
          if (name === '') params.delete('view');
          return params;
        })
      }
    />
  );
}
