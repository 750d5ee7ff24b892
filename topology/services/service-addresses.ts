import type { KeepingAggregator, Serde } from '@millrace/streams';
import type { Alert } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets, chanceOf } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type LimitsSource } from '../live-limits.js';
import { detectionOf, type Limit } from '../monitoring/limits.js';
import { type Judgement, Monitor, type MonitorState } from '../monitoring/monitor.js';
import { short } from '../monitoring/numbers-in-words.js';
import type { Observed } from '../monitoring/signals.js';
import type { WindowJudge } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { type Line, type Lines, partOfService, scopeOfPart, scopeOfService, serviceOfPart } from './service-lines.js';
import { CLOSE_AFTER, monitorLines } from './service-monitor.js';
import { type RequestCounts, SCAN_CHANCE, UsualClients } from './usual-clients.js';

/** Different endpoints that are remembered of a client's errors. */
const MAX_ASKED = 3;

/** Finds the clients of a service that do much more than its others, every few seconds. */
export function serviceAddresses(
  lines: Lines,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const { addresses } = config.services;
  const chances = following(limits, ({ budgets, falseAlarmsPerWeek }) =>
    new Budgets(budgets, falseAlarmsPerWeek).each((perWeek) => ({ scan: chanceOf(perWeek, SCAN_CHANCE) })),
  );
  const clients = new UsualClients(
    () => limits.current().addresses,
    undefined,
    (service) => chances()(scopeOfService(service)).scan,
  );
  monitorLines(
    lines.filter((_key, { ip }) => ip !== null, { name: 'lines-of-addresses' }),
    {
      windows: 'addresses',
      monitor: 'address-monitor',
      size: addresses.size,
      entity: ({ ip, service }) => partOfService(service, ip),
      aggregator: OF_ADDRESS,
      serde: addressCountsSerde,
      judge: new AddressJudge(clients, verdicts),
      seen: (entity, start, counts) => clients.learn(serviceOfPart(entity), start, counts),
      isWithinLimits: (counts, entity) => {
        const service = serviceOfPart(entity);
        return !clients.isAbusive(service, counts) && !clients.isScan(service, counts);
      },
      scope: scopeOfPart,
      watchesClock: config.watchesClock,
    },
    config,
    serdes,
  );
}

interface AddressCounts extends RequestCounts {
  /** What was asked for and not there, the first few of it. */
  readonly asked: string[];
}

interface AddressWindow extends AddressCounts {
  readonly service: string;
}

class AddressJudge implements WindowJudge<AddressCounts, MonitorState> {
  readonly #monitor: Monitor<AddressWindow>;

  constructor(clients: UsualClients, verdicts: Verdicts) {
    const limits: readonly Limit<AddressWindow>[] = [
      {
        name: 'ABUSIVE_ADDRESS',
        limit: 0,
        closeAfter: CLOSE_AFTER,
        value: (window) => (clients.isAbusive(window.service, window) ? window.count : 0),
        severity: 'warning',
        field: 'ip',
        explainsAll: true,
        explain: (count, { service }) =>
          `${short(count)} requests, where ${short(clients.limitsOf(service).requests)} is the most`,
      },
      {
        name: 'CLIENT_ERROR_SCAN',
        limit: 0,
        closeAfter: CLOSE_AFTER,
        value: (window) => (clients.isScan(window.service, window) ? window.clientErrors : 0),
        severity: 'warning',
        field: 'status',
        explainsAll: true,
        explain: (errors, { asked, count, service }) =>
          `${short(errors)} of ${short(count)} requests had a status of 400 to 499, where ` +
          `${short(clients.limitsOf(service).clientErrors)} is the most` +
          (asked.length === 0 ? '' : `: it asked for ${asked.join(', ')}`),
      },
    ];
    this.#monitor = new Monitor('service', limits.map(detectionOf), verdicts);
  }

  initial(): MonitorState {
    return this.#monitor.initial();
  }

  observe(state: MonitorState, counts: AddressCounts, observed: Observed): Judgement {
    return this.#monitor.observe(state, { ...counts, service: serviceOfPart(observed.entity) }, observed);
  }

  isAtRest(state: MonitorState): boolean {
    return this.#monitor.isAtRest(state);
  }

  close(state: MonitorState, observed: Observed): readonly Alert[] {
    return this.#monitor.close(state, observed);
  }
}

/** The window's counts grow where they are; a merge makes new ones. */
const OF_ADDRESS: KeepingAggregator<string, Line, AddressCounts> = {
  initializer: () => ({ count: 0, clientErrors: 0, asked: NOTHING_ASKED }),
  add: (_address, { endpoint, status }, counts) => {
    counts.count++;
    if (status === null || status < 400 || status > 499) return counts;
    counts.clientErrors++;
    if (endpoint === null || counts.asked.length >= MAX_ASKED || counts.asked.includes(endpoint)) return counts;
    return { ...counts, asked: [...counts.asked, endpoint.slice(0, LONGEST_ASKED)] };
  },
  merge: (left, right) => ({
    count: left.count + right.count,
    clientErrors: left.clientErrors + right.clientErrors,
    asked: [...new Set([...left.asked, ...right.asked])].slice(0, MAX_ASKED),
  }),
};

const NOTHING_ASKED: string[] = [];
const LONGEST_ASKED = 100;

/** What is serialized is taken before the next is. */
const COUNTS = Buffer.alloc(8);

const addressCountsSerde: Serde<AddressCounts> = {
  serialize(_topic, { asked, clientErrors, count }) {
    COUNTS.writeUInt32BE(clientErrors, COUNTS.writeUInt32BE(count, 0));
    return asked.length === 0 ? COUNTS : Buffer.concat([COUNTS, Buffer.from(JSON.stringify(asked))]);
  },
  deserialize(_topic, serialized, start, end) {
    return {
      count: serialized.readUInt32BE(start),
      clientErrors: serialized.readUInt32BE(start + 4),
      asked: end > start + 8 ? (JSON.parse(serialized.toString('utf8', start + 8, end)) as string[]) : NOTHING_ASKED,
    };
  },
};
