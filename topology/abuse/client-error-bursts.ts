import {
  type KeyValueStore,
  type KStream,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  stringSerde,
  toMilliseconds,
  type Windowed,
} from '@millrace/streams';
import { poissonTail } from '../../detection/count-chart.js';
import { UNKNOWN_HOST } from '../../schemas/canonical/host.js';
import type { Counted } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets, chanceOf } from '../budgets.js';
import { type ToldEpisode, toldFirst, toldOver } from '../feedback/told-episodes.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, LimitsOfWindows, type LimitsSource } from '../live-limits.js';
import { sendAlerts, sendEpisodes } from '../monitoring/alerts.js';
import { short } from '../monitoring/numbers-in-words.js';
import { readableEntries, storedStateSerde } from '../monitoring/stored-state.js';
import type { TopicSerdes } from '../serdes.js';
import { ALL_HOSTS } from '../web/requests-by-host.js';
import type { TrafficCounts } from '../web/traffic.js';
import { Asked, type StoredAsked } from './asked.js';
import {
  type Concern,
  type Episode,
  episodeOf,
  isKnownFault,
  opened,
  over,
  REST_MS,
  type StoredEpisode,
  SURELY_MS,
  toldOngoing,
  USUAL_AFTER_MS,
} from './episode.js';
import { KnownClients } from './known-clients.js';
import { asksInWords, span } from './words.js';

const STORE = 'client-error-bursts';
/** Windows before which a host's usual share is not known: then half of its requests are much. */
const WARMUP = 12;
const MUCH = 0.5;
/** Than what is usual. */
const TIMES = 2;
const CHANCE = 1e-9;
/** Requests whose share of client errors is remembered. */
const REMEMBERED = 50_000;
/** More user agents that want no more paths than so many are people. */
const FEW_AGENTS = 3;
const FEW_PATHS = 2;
const GONE_MS = 24 * 3_600_000;

/**
 * Hosts over goal 2's limit whose share of client errors is not what it usually is, as alerts: one for each as long as it
 * goes on. What a single client is refused is told of the client.
 */
export function clientErrorBursts(
  windows: KStream<Windowed<string>, TrafficCounts>,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const alerts = windows.process<string, ToldEpisode>(() => new JudgeHosts(config, verdicts, limits), {
    name: STORE,
    stores: [HOSTS],
  });
  sendAlerts('client-errors', alerts, ({ alerts: told }) => told, config, serdes);
  sendEpisodes('client-errors', alerts, ({ episode }) => [episode], config);
}

interface HostWindow {
  readonly start: number;
  readonly end: number;
  readonly requests: number;
  readonly refused: Asked;
}

interface HostState {
  /** Of the length of a window of goal 2. */
  windows: HostWindow[];
  episode: Episode | null;
  /** Windows that what is usual was learned of. */
  learned: number;
  requests: number;
  clientErrors: number;
  /** What was usual before a burst that lasted was taken for it. */
  former?: { readonly requests: number; readonly clientErrors: number };
}

/** The same as JSON has it. */
interface StoredHost extends Omit<HostState, 'windows' | 'episode'> {
  readonly windows: readonly (Omit<HostWindow, 'refused'> & { readonly refused: StoredAsked })[];
  readonly episode: StoredEpisode | null;
}

function stateOf(stored: unknown): HostState {
  const { episode, windows, ...state } = stored as StoredHost;
  return {
    ...state,
    windows: windows.map((one) => ({ ...one, refused: Asked.stored(one.refused) })),
    episode: episodeOf(episode),
  };
}

const HOSTS = keyValueStore({
  name: STORE,
  keySerde: stringSerde,
  // At first it was written without a number.
  valueSerde: storedStateSerde(STORE, { number: 1, read: stateOf, older: { 0: stateOf } }),
  sharesValues: true,
});

class JudgeHosts implements Processor<Windowed<string>, TrafficCounts, string, ToldEpisode> {
  readonly #known: () => KnownClients;
  readonly #chances: () => (scope: string) => { readonly burst: number };
  readonly #limits: LimitsOfWindows<Limits>;
  /** Of the window that was judged last. */
  #limit: number;
  readonly #sizeMs: number;
  /** Clients that are refused more are told by themselves. */
  #ofClient: number;
  readonly #ofClientBy: ({ goal1 }: Limits) => number;
  readonly #verdicts: Verdicts;
  #context: ProcessorContext<string, ToldEpisode> | undefined;
  #hosts: KeyValueStore<string, HostState | null> | undefined;
  /** Hosts with an episode, and when its last window over the limit ended. */
  readonly #open = new Map<string, number>();
  #time = 0;

  constructor({ goal1, goal2, goals }: ApplicationConfig, verdicts: Verdicts, limits: LimitsSource) {
    this.#verdicts = verdicts;
    this.#known = following(limits, ({ abuse }) => new KnownClients(abuse.excludedClients, abuse.crawlers));
    this.#chances = following(limits, ({ budgets }) =>
      new Budgets(budgets).each((perWeek) => ({ burst: chanceOf(perWeek, CHANCE) })),
    );
    this.#limits = new LimitsOfWindows(limits);
    this.#limit = goal2.threshold;
    this.#sizeMs = toMilliseconds(goal2.size, 'the size of a window of goal 2');
    const windows = this.#sizeMs / toMilliseconds(goal1.size, 'the size of a window of goal 1');
    this.#ofClientBy = ({ goal1: { threshold } }) =>
      goals.includes(1) ? threshold * windows : Number.POSITIVE_INFINITY;
    this.#ofClient = this.#ofClientBy(limits.current());
  }

  init(context: ProcessorContext<string, ToldEpisode>): void {
    this.#context = context;
    this.#hosts = context.stateStore(HOSTS);
    // Which hosts have an episode is forgotten with the process. Stream time is ahead of closed windows.
    context.schedule(SURELY_MS, 'stream-time', () => this.#rest(context.currentStreamTimeMs - SURELY_MS));
  }

  process({ key: { key: host, window }, value }: StreamRecord<Windowed<string>, TrafficCounts>): void {
    this.#completeTo(window.start);
    if (host === ALL_HOSTS) return;
    const state = this.#hosts?.get(host) ?? { windows: [], episode: null, learned: 0, requests: 0, clientErrors: 0 };
    const newest = { ...window, requests: value.count, refused: value.refused ?? new Asked() };
    const from = window.end - this.#sizeMs;
    state.windows = [...state.windows, newest].filter(({ start }) => start >= from);
    this.#judge(host, state, newest);
    this.#hosts?.put(host, state);
  }

  /** Windows come in the order of their starts: of those before this one, none is on its way. */
  #completeTo(start: number): void {
    if (start <= this.#time) return;
    this.#time = start;
    for (const [host, lastOver] of this.#open) {
      const state = this.#hosts?.get(host);
      if (lastOver + REST_MS >= start || !state) continue;
      this.#end(host, state);
      this.#hosts?.put(host, state);
    }
  }

  #judge(host: string, state: HostState, { end, refused, requests: newRequests }: HostWindow): void {
    const { episode, windows } = state;
    if (this.#verdicts.calendar.isMaintenance(end - this.#sizeMs, end, `web/${host}`)) return;
    const limits = this.#limits.of(end - this.#sizeMs);
    this.#limit = limits.goal2.threshold;
    this.#ofClient = this.#ofClientBy(limits);
    const asked = Asked.sum(windows.map((one) => one.refused));
    const requests = windows.reduce((sum, one) => sum + one.requests, 0);
    const ofClients = this.#refusedOfClients(asked);
    const errors = asked.count - this.#refusedOfKnown(asked) - ofClients;
    const isFault = isKnownFault(this.#concern(host), end, this.#verdicts);
    if (isFault && state.former !== undefined) {
      Object.assign(state, state.former);
      delete state.former;
    }
    if (!this.#isBurst(host, state, errors, requests)) {
      if (ofClients === 0) learn(state, newRequests, refused.count);
    } else if (episode === null) {
      const burst = { start: end - this.#sizeMs, end, value: errors };
      state.episode = opened(this.#concern(host), burst, asked);
      this.#open.set(host, end);
      this.#tell(toldFirst(state.episode, this.#verdicts));
    } else {
      this.#open.set(host, end);
      episode.lastOver = end;
      episode.peak = Math.max(episode.peak, errors);
      episode.total.addAll(refused);
      const { total } = episode;
      this.#tell(toldOngoing(episode, this.#concern(host), total.count, () => total, this.#verdicts));
      if (!isFault && end - episode.alert.time >= USUAL_AFTER_MS) this.#becomeUsual(host, state);
    }
  }

  #isBurst(
    host: string,
    { clientErrors, learned, requests: before }: HostState,
    errors: number,
    requests: number,
  ): boolean {
    if (errors <= this.#limit) return false;
    if (learned < WARMUP) return errors > MUCH * requests;
    const expected = ((clientErrors + 1) / (before + 20)) * requests;
    return errors > TIMES * expected && poissonTail(errors, expected) < this.#chances()(`web/${host}`).burst;
  }

  /** What clients were refused that are over goal 1's limit by that; many who lack one page are not. */
  #refusedOfClients({ of: { agents, parties, paths } }: Asked): number {
    if (agents.distinct > FEW_AGENTS && paths.distinct <= FEW_PATHS) return 0;
    return countOf(parties.top().filter(({ count }) => count > this.#ofClient));
  }

  /** What excluded networks and crawlers were refused: it is nobody's matter. */
  #refusedOfKnown({ of: { agents, parties } }: Asked): number {
    const excluded = parties
      .top()
      .filter(({ count, value }) => count <= this.#ofClient && this.#known().isExcluded(value));
    return countOf(excluded) + countOf(agents.top().filter(({ value }) => this.#known().isCrawler(value)));
  }

  #end(host: string, state: HostState): void {
    const { episode } = state;
    if (episode !== null) this.#tell(toldOver(episode, over(episode, this.#concern(host), episode.total)));
    state.episode = null;
    this.#open.delete(host);
  }

  #becomeUsual(host: string, state: HostState): void {
    this.#end(host, state);
    state.former = { requests: state.requests, clientErrors: state.clientErrors };
    Object.assign(state, { requests: 0, clientErrors: 0, learned: WARMUP });
    for (const { refused, requests } of state.windows) learn(state, requests, refused.count);
  }

  /** Ends what has been quiet for long, of hosts that are not asked any more, and forgets those that are gone. */
  async #rest(time: number): Promise<void> {
    const hosts = this.#hosts;
    if (hosts === undefined) return;
    const quiet: [string, HostState, boolean][] = [];
    for await (const [host, state] of readableEntries(hosts)) {
      const isGone = (state.windows.at(-1)?.end ?? 0) + GONE_MS < time;
      if (isGone || (state.episode !== null && state.episode.lastOver + REST_MS < time)) {
        quiet.push([host, state, isGone]);
      }
    }
    for (const [host, state, isGone] of quiet) {
      this.#end(host, state);
      if (isGone) hosts.delete(host);
      else hosts.put(host, state);
    }
  }

  #tell(told: ToldEpisode | undefined): void {
    if (told === undefined) return;
    const { scope, time } = told.episode.alert;
    this.#context?.forward({ key: scope, value: told, timestamp: time });
  }

  #concern(host: string): Concern {
    return {
      ...{ detector: 'client-errors', entity: host, scope: `web/${host}`, party: 'client', limit: this.#limit },
      fields: ['status'],
      explain: (asked, peak, from, to) =>
        `${host === UNKNOWN_HOST ? 'The site' : host} refused ${short(asked.count)} requests in ${span(to - from)}, with a status of 400 to 499` +
        `${to - from > this.#sizeMs ? `, up to ${short(peak)} in ${span(this.#sizeMs)}` : ''}, where ` +
        `${short(this.#limit)} is the most. ${asksInWords(asked, 'client')}`,
    };
  }
}

function countOf(counts: readonly Counted[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

function learn(state: HostState, requests: number, clientErrors: number): void {
  const keep = state.requests > REMEMBERED ? 0.5 : 1;
  state.learned++;
  state.requests = keep * state.requests + requests;
  state.clientErrors = keep * state.clientErrors + clientErrors;
}
