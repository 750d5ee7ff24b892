import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { answerOf, api } from '../../api/client.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { count } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { quoted } from '../logs/search-terms.js';

/** What could not be read or processed, by reason. */
export function DeadLettersView() {
  const linkTo = useRangeLink();
  const asked = useQuery({
    queryKey: ['dead-letters'],
    queryFn: ({ signal }) => answerOf(api.GET('/dead-letters', { params: { query: { limit: 1 } }, signal })),
    refetchInterval: 10_000,
  });
  return (
    <section className="pageh" aria-label="Dead letters">
      <Answer asked={asked} what="The dead letters could not be read.">
        {({ reasons }) =>
          reasons.length === 0 ? (
            <Note icon="ok" title="None.">
              All that came could be read.
            </Note>
          ) : (
            <table className="tb">
              <TableHead words={['reason']} numbers={['records']} />
              <tbody>
                {reasons.map(({ reason, records }) => (
                  <tr key={reason}>
                    <td>
                      <Link
                        className="n"
                        href={linkTo('/logs', {
                          source: 'dead-letters',
                          q: `reason:${quoted(reason)}`,
                        })}
                      >
                        {reason}
                      </Link>
                    </td>
                    <td className="num">{count(records, 'record')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
    </section>
  );
}
