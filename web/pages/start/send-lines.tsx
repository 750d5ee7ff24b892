import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiProblem, problemOf } from '../../api/client.js';
import { Failure, Note } from '../../parts/state.js';
import { count } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';

/** As much as one call may carry. */
const MAX_BYTES = 16 * 2 ** 20;
const KINDS: Readonly<Record<string, string>> = { gz: 'gzip', zst: 'zstd' };

interface Sent {
  readonly accepted: number;
  readonly refused: number;
  readonly first_refused?: string | null;
}

/** Sends lines to the pipeline as any other sender does. @throws ApiProblem */
async function send(lines: Blob, encoding: string | undefined): Promise<Sent> {
  if (lines.size > MAX_BYTES) {
    const detail = 'A file may have up to 16 MiB here; a larger one is read with --input.';
    throw new ApiProblem(detail, 413, undefined, undefined);
  }
  const response = await fetch('/api/v1/events', {
    method: 'POST',
    body: lines,
    headers: {
      ...{ 'X-Millrace': '1', 'Content-Type': 'text/plain' },
      ...(encoding !== undefined && { 'Content-Encoding': encoding }),
    },
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw problemOf(response, answer);
  return answer as Sent;
}

/** Lines that are pasted, or a file that is chosen: what a pipeline that listens makes of them. */
export function SendLines() {
  const client = useQueryClient();
  const { canAct } = useVisitor();
  const [text, setText] = useState('');
  const sent = useMutation({
    mutationFn: ({ encoding, lines }: { lines: Blob; encoding?: string | undefined }) => send(lines, encoding),
    onSuccess: () => client.invalidateQueries(),
  });
  if (!canAct) return null;
  const paste = (event: FormEvent) => {
    event.preventDefault();
    sent.mutate({ lines: new Blob([text]) });
  };
  const upload = (file: File | undefined) => {
    if (file !== undefined) sent.mutate({ lines: file, encoding: KINDS[file.name.split('.').at(-1) ?? ''] });
  };
  return (
    <form className="flex flex-col gap-2 pt-2" onSubmit={paste}>
      <textarea
        className="in mono h-24!"
        aria-label="Lines of a log"
        placeholder={'203.0.113.7 - - [27/Nov/2026:14:02:05 +0000] "GET / HTTP/1.1" 200 612 "-" "curl/8.5"'}
        value={text}
        onChange={({ target }) => setText(target.value)}
        required
      />
      <div className="flex flex-wrap items-center gap-2">
        <button type="submit" className="btn" disabled={sent.isPending}>
          Send lines
        </button>
        <label className="s t2">
          or a file, also .gz:{' '}
          <input type="file" onChange={({ target }) => upload(target.files?.[0])} disabled={sent.isPending} />
        </label>
      </div>
      {sent.error !== null && <Failure what="The lines were not taken." error={sent.error} />}
      {sent.data !== undefined && <Taken sent={sent.data} />}
    </form>
  );
}

function Taken({ sent: { accepted, first_refused: first, refused } }: { readonly sent: Sent }) {
  return (
    <Note icon={refused === 0 ? 'ok' : 'warning'} title={`${count(accepted, 'line')} taken.`}>
      {refused > 0 && `${count(refused, 'line')} not: ${first ?? 'no known format'}`}
    </Note>
  );
}
