import { Link } from 'wouter';
import { Icon } from '../../parts/icon.js';
import { bytes, duration, number, whole } from '../../parts/wording.js';
import type { FlowNode } from './flow.js';
import type { Place } from './flow-layout.js';
import type { Rates } from './rates.js';
import type { InstanceStatus, PartitionStatus } from './status.js';

const MAX_PARTITIONS = 6;

/** How high a topic is that shows its partitions. */
export const sourceHeight = (partitions: number): number =>
  52 + Math.min(partitions, MAX_PARTITIONS) * 18 + (partitions > MAX_PARTITIONS ? 18 : 0);

interface FlowNodeBoxProps {
  readonly node: FlowNode;
  readonly place: Place;
  readonly href: string;
  readonly isChosen: boolean;
  readonly isSource: boolean;
  readonly instances: readonly InstanceStatus[];
  readonly rates: Rates;
}

/** A topic, a store or steps, as a link that opens it. */
export function FlowNodeBox({ href, instances, isChosen, isSource, node, place, rates }: FlowNodeBoxProps) {
  const { x, y, width, height } = place;
  const box = { left: x, top: y, width, height };
  const shared = { href, style: box, 'data-node': node.id, 'aria-current': isChosen || undefined } as const;
  const current = isChosen ? 'cur' : '';
  if (node.kind === 'steps') {
    return (
      <Link {...shared} className={`nd op ${current}`} title={node.steps.join(', ')}>
        <span className="ell">{node.title}</span>
        {node.steps.length > 1 && <span className="dim">+{node.steps.length - 1}</span>}
      </Link>
    );
  }
  if (node.kind === 'store') {
    return (
      <Link {...shared} className={`nd st ${current}`} title={node.stores.join(', ')}>
        <Icon name="disk" />
        <b>{node.title}</b>
        <span>{storeSize(node.stores, instances)}</span>
      </Link>
    );
  }
  if (node.kind === 'repartition') {
    return (
      <Link {...shared} className={`nd tp rp ${current}`} title={node.topic}>
        {node.title}
      </Link>
    );
  }
  const partitions = instances
    .flatMap((one) => one.partitions)
    .filter(({ topic }) => topic === node.topic)
    .toSorted((one, other) => one.partition - other.partition);
  if (isSource) {
    return (
      <Link {...shared} className={`nd src ${current}`}>
        <SourceWords title={node.title} partitions={partitions} rates={rates} />
      </Link>
    );
  }
  if (partitions.length > 0) {
    const written = partitions.reduce((sum, one) => sum + (rates.partitions.get(nameOf(one))?.written ?? 0), 0);
    return (
      <Link {...shared} className={`nd tp al ${current}`}>
        <Icon name="kafka" />
        <b>{node.title}</b>
        <span>{number(written * 60)}/min</span>
        <span className="dim">lag {whole(partitions.reduce((sum, one) => sum + (one.lagRecords ?? 0), 0))}</span>
      </Link>
    );
  }
  return (
    <Link {...shared} className={`nd tp sm ${current}`}>
      <span className="ell">{node.title}</span>
    </Link>
  );
}

const nameOf = ({ partition, topic }: PartitionStatus): string => `${topic}/${partition}`;

export function storeSize(names: readonly string[], instances: readonly InstanceStatus[]): string {
  const own = instances.flatMap(({ stores }) => stores).filter(({ name }) => names.includes(name));
  const entries = own.reduce((sum, one) => sum + (one.entries ?? 0), 0);
  const size = own.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const onDisk = bytes(size);
  const words = [
    own.some((one) => one.entries !== undefined)
      ? `${whole(entries)} entries`
      : own[0]?.type === 'key-value'
        ? 'key-value'
        : '',
    size > 0 ? `${onDisk.value} ${onDisk.unit}` : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}

interface SourceWordsProps {
  readonly title: string;
  readonly partitions: readonly PartitionStatus[];
  readonly rates: Rates;
}

/** What comes in, by partition: its share, how far it is behind, and how many records that is. */
function SourceWords({ partitions, rates, title }: SourceWordsProps) {
  const writtenOf = (one: PartitionStatus) => rates.partitions.get(nameOf(one))?.written;
  const total = partitions.reduce((sum, one) => sum + (writtenOf(one) ?? 0), 0);
  const most = Math.max(...partitions.map((one) => writtenOf(one) ?? 0), 1e-9);
  // Those furthest behind are shown where there is no room for all.
  const shown =
    partitions.length <= MAX_PARTITIONS
      ? partitions
      : partitions.toSorted((one, other) => (other.lagMs ?? 0) - (one.lagMs ?? 0)).slice(0, MAX_PARTITIONS);
  return (
    <>
      <span className="src-h">
        <Icon name="kafka" />
        <b className="ell">{title}</b>
        <span className="r">{rates.nodes === undefined ? '' : `${number(total)}/s`}</span>
      </span>
      <span className="pt hd2">
        <span />
        <span className="dim">share</span>
        <span className="pt-b dim">behind</span>
        <span className="pt-l dim">lag</span>
      </span>
      {shown.map((one) => {
        const isIdle = one.idleSince !== undefined && (writtenOf(one) ?? 0) === 0;
        return (
          <span key={one.partition} className={`pt ${isIdle ? 'idle' : ''}`}>
            <span>p{one.partition}</span>
            <i style={{ '--w': `${((writtenOf(one) ?? 0) / most) * 100}%` } as React.CSSProperties} />
            <span className={`pt-b ${one.holdsBack || (one.lagMs ?? 0) > 10_000 ? 'warning-t' : ''}`}>
              {isIdle ? `idle` : one.lagMs === undefined ? '' : `${number(Math.round(one.lagMs / 100) / 10)} s`}
            </span>
            <span className="pt-l">{whole(one.lagRecords ?? 0)}</span>
          </span>
        );
      })}
      {partitions.length > MAX_PARTITIONS && (
        <span className="pt">
          <span className="dim nw">and {partitions.length - MAX_PARTITIONS} that are less behind</span>
        </span>
      )}
    </>
  );
}

/** Since when a partition has been silent, for those who look closer. */
export function idleWords({ idleSince }: PartitionStatus, now: number): string {
  return idleSince === undefined ? '' : `idle ${duration(now - idleSince)}`;
}
