import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.js';
import type { operations } from '../../api/schema.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { bytes, duration, number } from '../../parts/wording.js';

/** What the pipeline goes by: limits of detectors, what is left out of events, how long is kept. It is set elsewhere. */
export function PipelineSettings() {
  const asked = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => answerOf(api.GET('/settings', { signal })),
    staleTime: 60_000,
  });
  return (
    <Answer asked={asked} what="The settings of the pipeline could not be read.">
      {(settings) =>
        settings.known ? (
          <>
            <Limits settings={settings} />
            <KeptAndLeftOut settings={settings} />
          </>
        ) : (
          <section>
            <Note icon="settings" title="Limits and masks are not known here.">
              This server was started alone; the one that a pipeline starts beside itself shows them.
            </Note>
          </section>
        )
      }
    </Answer>
  );
}

type Settings = operations['getSettings']['responses'][200]['content']['application/json'];

function Limits({
  settings: { excluded_clients: excluded, grace_ms: grace, limits },
}: {
  readonly settings: Settings;
}) {
  return (
    <section aria-labelledby="limits-t">
      <div className="hd">
        <h2 id="limits-t">Limits</h2>
        <span className="s">more than this is unusual</span>
      </div>
      <table className="tb lims">
        <TableHead words={['detector', 'what']} numbers={['most', 'in']}>
          <th scope="col">option</th>
        </TableHead>
        <tbody>
          {limits.map(({ detector, most, of, setting, unit, window_ms: window }) => (
            <tr key={setting}>
              <td>{detector}</td>
              <td>{of}</td>
              <td className="num nw">
                {most === null ? (
                  <span className="t2">learned</span>
                ) : (
                  <>
                    {number(most)}
                    {unit !== null && <span className="u">{unit}</span>}
                  </>
                )}
              </td>
              <td className="num nw">{window === null ? '' : duration(window)}</td>
              <td>
                <code>--{setting}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="s t2 pt-2">
        A record may be {duration(grace)} late and still count.{' '}
        {excluded === 0 ? 'No client is excluded.' : `${excluded} addresses or networks make no incident.`} Limits are
        set by these options, in a file of settings or the environment; <code>millrace config check</code> says which of
        them a running pipeline takes over.
      </p>
    </section>
  );
}

function KeptAndLeftOut({ settings: { drop, lake, mask, retention } }: { readonly settings: Settings }) {
  return (
    <section aria-labelledby="masks-t">
      <div className="hd">
        <h2 id="masks-t">Masks and retention</h2>
      </div>
      <dl className="sets">
        <dt>Masked</dt>
        <dd>{mask.length === 0 ? 'nothing: addresses are kept whole' : <Codes words={mask} />}</dd>
        <dt>Left out</dt>
        <dd>{drop.length === 0 ? 'no field' : <Codes words={drop} />}</dd>
        <dt>Topics keep</dt>
        <dd>
          {retention.length === 0
            ? 'what they were made to keep'
            : retention.map(({ topic, ...kept }) => (
                <span key={topic} className="block">
                  {topic === null ? retention.length === 1 ? 'all' : 'all others' : <code>{topic}</code>}:{' '}
                  {keptInWords(kept)}
                </span>
              ))}
        </dd>
        <dt>The lake keeps</dt>
        <dd>{lake === null ? 'all, or there is none' : keptInWords(lake)}</dd>
      </dl>
      <p className="s t2 pt-2">
        Set by <code>--mask</code>, <code>--drop</code>, <code>--retention</code>, <code>--retention-size</code>,{' '}
        <code>--lake-age</code> and <code>--lake-size</code>. What was masked or left out is in no topic, and cannot be
        had again.
      </p>
    </section>
  );
}

function Codes({ words }: { readonly words: readonly string[] }) {
  return words.map((word, index) => (
    <span key={word}>
      {index > 0 && ', '}
      <code>{word}</code>
    </span>
  ));
}

function keptInWords({ age_ms: age, size_bytes: size }: { age_ms: number | null; size_bytes: number | null }): string {
  const most = size === null ? undefined : bytes(size);
  return [age === null ? '' : duration(age), most === undefined ? '' : `${most.value} ${most.unit}`]
    .filter((words) => words !== '')
    .join(', at most ');
}
