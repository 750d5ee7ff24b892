import { useSearchParams } from 'wouter';

/** Parameters of the URL to set; one that is undefined or empty is taken out. */
type SearchChanges = Readonly<Record<string, string | undefined>>;

/** Changes parameters of the URL and leaves the others: as a new entry of the browser's history, or in place of this one. */
export function useSearchChanges(): (changes: SearchChanges, options?: { readonly replace: boolean }) => void {
  const [, setSearch] = useSearchParams();
  return (changes, options) =>
    setSearch((params) => {
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined || value === '') params.delete(name);
        else params.set(name, value);
      }
      return params;
    }, options);
}
