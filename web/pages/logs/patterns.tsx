import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answerOf, api, type LogLine } from '../../api/client.js';
import { Answer, Note } from '../../parts/state.js';
import { Level } from '../../parts/status.js';
import { TableHead } from '../../parts/table-head.js';
import { Wide } from '../../parts/wide.js';
import { percent, when, whole } from '../../parts/wording.js';
import { quoted } from './search-terms.js';

interface PatternsProps {
  readonly query: { readonly source: LogLine['kind']; readonly q: string; readonly from: string; readonly to?: string };
  readonly onChoose: (term: string) => void;
}

/** Messages by their constant words, the most frequent first. */
export function Patterns({ onChoose, query }: PatternsProps) {
  const asked = useQuery({
    queryKey: ['patterns', query],
    queryFn: ({ signal }) => answerOf(api.GET('/logs/patterns', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Wide label="Patterns" className="pad">
      <Answer asked={asked} what="The patterns could not be read." rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Note icon="logs" title="No messages in these lines." />
          ) : (
            <table className="tb">
              <TableHead words={['message']} numbers={['lines', 'share', 'first', 'last']} />
              <tbody>
                {items.map(({ count, first, last, pattern, sample, share }) => (
                  <tr key={pattern}>
                    <td className="mono">
                      <button
                        type="button"
                        className="flex gap-2 items-center"
                        onClick={() => onChoose(`message:${quoted(pattern.replaceAll('<*>', '*'))}`)}
                      >
                        <Level level={sample['level']} />
                        {pattern}
                      </button>
                    </td>
                    <td className="num">{whole(count)}</td>
                    <td className="num">{percent(share)} %</td>
                    <td className="num mono">{when(first)}</td>
                    <td className="num mono">{when(last)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
    </Wide>
  );
}
