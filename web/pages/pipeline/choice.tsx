import { useSearchParams } from 'wouter';

/** A name to choose of a list: the URL says which one is shown beside it. */
export function Choice({ name, param }: { readonly name: string; readonly param: string }) {
  const [, setSearch] = useSearchParams();
  return (
    <button
      type="button"
      className="n"
      onClick={() =>
        setSearch((params) => {
          params.set(param, name);
          return params;
        })
      }
    >
      {name}
    </button>
  );
}
