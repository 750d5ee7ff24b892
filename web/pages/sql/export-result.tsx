import { useMutation } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.js';
import { ActionMenu } from '../../parts/action-menu.js';

const FORMATS = [
  ['parquet', 'Parquet'],
  ['csv', 'CSV'],
  ['ndjson', 'JSON, a line each'],
] as const;

type Format = (typeof FORMATS)[number][0];

interface ExportProps {
  readonly sql: string;
  readonly onFailure: (error: Error | undefined) => void;
}

/** All rows of a query as a file, not only those that are shown: it runs once more. */
export function ExportResult({ onFailure, sql }: ExportProps) {
  const asked = useMutation({
    mutationFn: (format: Format) =>
      answerOf(api.POST('/query/export', { body: { sql, format, max_rows: 1_000_000 }, parseAs: 'blob' })),
    onMutate: () => onFailure(undefined),
    onSuccess: (file, format) => save(file, `result.${format}`),
    onError: onFailure,
  });
  return (
    <>
      {asked.isPending && (
        <span className="t2" role="status">
          Writing the file…
        </span>
      )}
      <ActionMenu
        label="Export all rows"
        icon="download"
        groups={[
          FORMATS.map(([format, name]) => ({ name, icon: 'download' as const, act: () => asked.mutate(format) })),
        ]}
      />
    </>
  );
}

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
