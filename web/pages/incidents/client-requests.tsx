import { useQuery } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import type { Incident } from '../../api/client.js';
import { histogramOf } from '../../api/questions.js';
import { Answer, Note } from '../../parts/state.js';
import { useRangeLink } from '../../shell/range.js';
import { LineHistogram } from '../logs/line-histogram.js';
import { logsQueryOf } from './its-lines.js';

const BEFORE_MS = 12 * 60_000;
const AFTER_MS = 3 * 60_000;
const AGAIN_MS = 5_000;

/** The requests of a client around its incident, by status. There is no series of single clients: its lines are counted. */
export function ClientRequests({ incident }: { readonly incident: Incident }) {
  const { opened, resolved } = incident;
  const [, navigate] = useLocation();
  const linkTo = useRangeLink();
  const lines = { source: 'requests' as const, q: logsQueryOf(incident) };
  const range = {
    from: String(opened - BEFORE_MS),
    ...(resolved !== null && { to: String(resolved + AFTER_MS) }),
  };
  const asked = useQuery({
    ...histogramOf({ ...lines, ...range }),
    refetchInterval: resolved === null ? AGAIN_MS : false,
  });
  return (
    <section aria-label="Requests of the client">
      <div className="hd">
        <h3>Requests</h3>
      </div>
      <Answer asked={asked} what="The requests could not be counted.">
        {(answer) =>
          answer.total === 0 ? (
            <Note title="They are no longer in memory." />
          ) : (
            <LineHistogram
              answer={answer}
              selected={undefined}
              onSelect={(from, to) => {
                const sel = `${Math.round(from)}-${Math.round(to)}`;
                navigate(linkTo('/logs', { ...lines, from: String(answer.from), to: String(answer.to), sel }));
              }}
            />
          )
        }
      </Answer>
    </section>
  );
}
