import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { answerOf, api, type Schemas } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Failure, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { count, list, whenToMs, whole } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { useSearchChanges } from '../../shell/search-changes.js';
import { useVisitor } from '../../shell/visitor.js';

const NEWEST = 60;
const REFETCH_MS = 10_000;

type DeadLetter = Schemas['DeadLetter'];
type Selection = { ids: string[] } | { reason: string };

/** What could not be read or processed, by reason; what was a record of a topic can be sent there again, once. */
export function DeadLettersView() {
  const [search] = useSearchParams();
  const change = useSearchChanges();
  const client = useQueryClient();
  const { canAct } = useVisitor();
  const reason = search.get('reason');
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const query = { limit: NEWEST, ...(reason !== null && { reason }) };
  const asked = useQuery({
    queryKey: ['dead-letters', query],
    queryFn: ({ signal }) => answerOf(api.GET('/dead-letters', { params: { query }, signal })),
    refetchInterval: REFETCH_MS,
  });
  const replay = useMutation({
    mutationFn: (body: Selection) => answerOf(api.POST('/dead-letters/replay', { body })),
    onSuccess: () => {
      choose(new Set());
      return client.invalidateQueries({ queryKey: ['dead-letters'] });
    },
  });
  const narrow = (to: string | null) => {
    choose(new Set());
    change({ reason: to ?? undefined });
  };
  return (
    <Answer asked={asked} what="The dead letters could not be read." rows={6}>
      {({ items, reasons }) =>
        reasons.length === 0 ? (
          <div className="pageh">
            <Note icon="ok" title="No dead letters.">
              All that came could be read.
            </Note>
          </div>
        ) : (
          <div className="grid-2">
            <Reasons reasons={reasons} chosen={reason} onChoose={narrow} />
            <section aria-labelledby="refused-t">
              <div className="hd">
                <h2 id="refused-t">Refused records</h2>
                <span className="s">the newest{reason !== null && ', of the reason'}</span>
                {canAct && chosen.size > 0 && (
                  <button
                    type="button"
                    className="btn sm r"
                    disabled={replay.isPending}
                    onClick={() => replay.mutate({ ids: [...chosen] })}
                  >
                    <Icon name="refresh" />
                    Send {count(chosen.size, 'record')} again
                  </button>
                )}
                {canAct && chosen.size === 0 && reason !== null && items.some(canBeSent) && (
                  <button
                    type="button"
                    className="btn sm r"
                    disabled={replay.isPending}
                    onClick={() => replay.mutate({ reason })}
                  >
                    <Icon name="refresh" />
                    Send all of the reason again
                  </button>
                )}
              </div>
              {replay.error !== null && <Failure what="They could not be sent again." error={replay.error} />}
              {replay.data !== undefined && <Replayed answer={replay.data} />}
              <ol className="dls">
                {items.map((one) => (
                  <Refused
                    key={one.id}
                    letter={one}
                    isChosen={chosen.has(one.id)}
                    {...(canAct && {
                      onChoose: (isChosen: boolean) => {
                        const next = new Set(chosen);
                        if (isChosen) next.add(one.id);
                        else next.delete(one.id);
                        choose(next);
                      },
                    })}
                  />
                ))}
              </ol>
            </section>
          </div>
        )
      }
    </Answer>
  );
}

function canBeSent({ replay, replayable }: DeadLetter): boolean {
  return replayable && replay === null;
}

interface ReasonsProps {
  readonly reasons: readonly { readonly reason: string; readonly records: number }[];
  readonly chosen: string | null;
  readonly onChoose: (reason: string | null) => void;
}

function Reasons({ chosen, onChoose, reasons }: ReasonsProps) {
  return (
    <section aria-labelledby="reasons-t">
      <div className="hd">
        <h2 id="reasons-t">Reasons</h2>
        {chosen !== null && (
          <button type="button" className="btn sm r" onClick={() => onChoose(null)}>
            All
          </button>
        )}
      </div>
      <table className="tb svc">
        <TableHead words={['reason']} numbers={['records']} />
        <tbody>
          {reasons.map(({ reason, records }) => (
            <tr key={reason} aria-selected={reason === chosen || undefined}>
              <td>
                <button type="button" className="n" onClick={() => onChoose(reason)}>
                  {reason}
                </button>
              </td>
              <td className="num">{whole(records)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RefusedProps {
  readonly letter: DeadLetter;
  readonly isChosen: boolean;
  readonly onChoose?: (isChosen: boolean) => void;
}

function Refused({ isChosen, letter, onChoose }: RefusedProps) {
  const linkTo = useRangeLink();
  const { id, replay, replayable, time } = letter;
  const { line, offset, partition, reason, source } = letter as DeadLetter & Readonly<Record<string, unknown>>;
  const from = [source, partition, offset].filter((one) => one !== undefined && one !== null).join('/');
  return (
    <li>
      {onChoose !== undefined && (
        <input
          type="checkbox"
          aria-label={`Choose ${id}`}
          checked={isChosen}
          disabled={!canBeSent(letter)}
          onChange={({ target }) => onChoose(target.checked)}
        />
      )}
      <div className="min-w-0">
        <p>
          <Link className="n" href={linkTo('/logs', { source: 'dead-letters', line: id })}>
            <code>{whenToMs(time)}</code>
          </Link>{' '}
          {String(reason ?? '')}
        </p>
        <p className="s t2">
          <code>{from === '' ? `line ${line}` : from}</code>
          {replay !== null && <span> sent again by {replay.by}</span>}
          {!replayable && replay === null && (
            <span className="dim"> was no record of a topic: it cannot be sent again</span>
          )}
        </p>
      </div>
    </li>
  );
}

interface ReplayAnswer {
  readonly replayed: number;
  readonly items: readonly { readonly state: string; readonly why: string | null }[];
  readonly more: boolean;
}

function Replayed({ answer: { items, more, replayed } }: { readonly answer: ReplayAnswer }) {
  const others = items.filter(({ state }) => state !== 'replayed');
  const reasons = [...new Set(others.flatMap(({ why }) => why ?? []))];
  return (
    <p className="s" role="status">
      <b>{count(replayed, 'record')} sent again.</b>{' '}
      {others.length > 0 && `${whole(others.length)} not: ${list(reasons)}. `}
      {more && 'There are more of the reason.'}
      {replayed > 0 && ' What cannot be processed now either comes back as a new dead letter.'}
    </p>
  );
}
