import { useQuery } from '@tanstack/react-query';
import type { CSSProperties } from 'react';
import { Link } from 'wouter';
import type { Alert } from '../../api/client.js';
import { facetsOf } from '../../api/questions.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { percent, whole } from '../../parts/wording.js';
import { useRange, useRangeLink } from '../../shell/range.js';
import { quoted } from '../logs/search-terms.js';
import {
  hasAlert,
  inOrder,
  inWords,
  mostOf,
  type PartOfService,
  partsOf,
  shareOf,
  spreadInWords,
} from './parts-of-service.js';

const FAILURES = 'level:ERROR,CRITICAL';
const MOST_ENDPOINTS = 8;

function useParts(name: string, field: string) {
  const range = useRange();
  const own = `service:${quoted(name)}`;
  const fields = 'endpoint,source';
  const all = useQuery(facetsOf({ source: 'services', q: own, fields }, range));
  const failing = useQuery(facetsOf({ source: 'services', q: `${own} ${FAILURES}`, fields }, range));
  return {
    data: all.data && failing.data && partsOf(field, all.data.facets, failing.data.facets),
    error: all.error ?? failing.error,
    refetch: () => Promise.all([all.refetch(), failing.refetch()]),
  };
}

/** A tile for each instance, the redder the more of its lines are errors; a ring for those with an alert of their own. */
export function Instances({ alerts, name }: { readonly name: string; readonly alerts: readonly Alert[] }) {
  const asked = useParts(name, 'source');
  const linkTo = useRangeLink();
  return (
    <div className="cell">
      <div className="hd">
        <h3>Instances</h3>
        <span className="s">errors in the range</span>
        <span className="key r">
          <span>
            0 <i className="scale" /> {percent(mostOf(asked.data ?? []), 0)} %
          </span>
        </span>
      </div>
      <Answer asked={asked} what="The instances could not be read.">
        {(parts) =>
          parts.length === 0 ? (
            <Note title="No line names an instance." />
          ) : (
            <>
              <div className="tiles">
                {inOrder(parts).map((part) => (
                  <Link
                    key={part.value}
                    className={hasAlert(part, alerts) ? 'odd' : ''}
                    href={linkTo('/logs', { q: `service:${quoted(name)} source:${quoted(part.value)}` })}
                    title={inWords(part)}
                    aria-label={inWords(part)}
                    style={{ '--v': shareOf(part) / Math.max(mostOf(parts), 1e-9) } as CSSProperties}
                  />
                ))}
              </div>
              <p className="s t2">{spreadInWords(parts, alerts)}</p>
            </>
          )
        }
      </Answer>
    </div>
  );
}

/** Endpoints by how many lines they have, with the share of errors. */
export function Endpoints({ name }: { readonly name: string }) {
  const asked = useParts(name, 'endpoint');
  const linkTo = useRangeLink();
  return (
    <div className="cell">
      <div className="hd">
        <h3>Endpoints</h3>
        <span className="s">lines in the range</span>
      </div>
      <Answer asked={asked} what="The endpoints could not be read.">
        {(parts) =>
          parts.length === 0 ? (
            <Note title="No line names an endpoint." />
          ) : (
            <table className="tb">
              <TableHead words={['endpoint']} numbers={['lines', 'errors %']} />
              <tbody>
                {parts.slice(0, MOST_ENDPOINTS).map((part) => (
                  <tr key={part.value}>
                    <td className="mono">{part.value}</td>
                    <td className="num">
                      <Link className="n" href={linkTo('/logs', { q: queryOf(name, part) })}>
                        {whole(part.lines)}
                      </Link>
                    </td>
                    <td className="num">
                      <Link className="n" href={linkTo('/logs', { q: `${queryOf(name, part)} ${FAILURES}` })}>
                        {percent(shareOf(part))}
                      </Link>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
    </div>
  );
}

const queryOf = (name: string, { value }: PartOfService): string => `service:${quoted(name)} endpoint:${quoted(value)}`;
