import {
  type KeepingAggregator,
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type Serde,
  type StreamRecord,
  stringSerde,
  TimeWindows,
  toMilliseconds,
  type Windowed,
} from '@millrace/streams';
import type { ApplicationConfig } from '../application-config.js';
import { type ToldEpisode, toldFirst, toldOver } from '../feedback/told-episodes.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, LimitsOfWindows, type LimitsSource } from '../live-limits.js';
import { sendAlerts, sendEpisodes } from '../monitoring/alerts.js';
import { short } from '../monitoring/numbers-in-words.js';
import { readableEntries, storedStateSerde } from '../monitoring/stored-state.js';
import type { Requests } from '../requests.js';
import type { TopicSerdes } from '../serdes.js';
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
import { isAbuse } from './judge-client.js';
import { KnownClients } from './known-clients.js';
import { type Suspect, suspects } from './suspects.js';
import { asksInWords, span } from './words.js';

const STORE = 'client-abuse';
/** What has become usual of a client is forgotten so long after it was last there. */
const USUAL_FOR_MS = 24 * 3_600_000;
/** More than so many times what is usual of a client is news. */
const TIMES_USUAL = 3;
/** A page comes at most a window's length late: then windows of as much time before it may have more. */
const REMEMBERED_WINDOWS = 2;
/** By the clock: records that are on their way are waited for. */
const PATIENCE_MS = 10_000;

/** Clients over goal 1's limit, but for assets, as alerts: one for each client as long as it goes on. */
export function clientAbuse(
  requests: Requests,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const { goal1, grace } = config;
  const advanceMs = toMilliseconds(goal1.advance, 'how far windows of goal 1 hop');
  const alerts = suspects(requests, config, limits)
    .groupByKey({ key: stringSerde, name: 'suspects' })
    .windowedBy(TimeWindows.ofSizeAndGrace(goal1.advance, grace))
    .emitStrategy('onWindowClose')
    .aggregate(bySecond(advanceMs), { name: 'suspects', value: bySecondSerde })
    .toStream({ name: 'suspects-changes' })
    .process<string, ToldEpisode>(() => new JudgeClients(config, verdicts, limits), { name: STORE, stores: [CLIENTS] });
  sendAlerts('clients', alerts, ({ alerts: told }) => told, config, serdes);
  sendEpisodes('clients', alerts, ({ episode }) => [episode], config);
}

/** What was asked for, by the starts of seconds: pages that were held back come later than their time. */
type BySecond = Map<number, Asked>;

/** The sums grow where they are; a merge makes new ones. */
function bySecond(advanceMs: number): KeepingAggregator<string, Suspect, BySecond> {
  return {
    initializer: () => new Map(),
    add(_client, page, seconds) {
      if (page === null) return seconds;
      const { assets, request } = page;
      const asked = secondOf(seconds, Math.floor(request.timestamp / advanceMs) * advanceMs);
      asked.add(request, request.host);
      asked.assets += assets;
      return seconds;
    },
    merge(left, right) {
      const seconds: BySecond = new Map();
      for (const [second, asked] of [...left, ...right]) secondOf(seconds, second).addAll(asked);
      return seconds;
    },
  };
}

function secondOf(seconds: BySecond, second: number): Asked {
  const known = seconds.get(second);
  if (known !== undefined) return known;
  const asked = new Asked();
  seconds.set(second, asked);
  return asked;
}

const bySecondSerde: Serde<BySecond> = {
  serialize: (_topic, seconds) => Buffer.from(JSON.stringify([...seconds])),
  deserialize: (_topic, bytes, start, end) =>
    new Map(
      JSON.parse(bytes.toString('utf8', start, end)).map(([second, asked]: [number, never]) => [
        second,
        Asked.stored(asked),
      ]),
    ),
};

/** What is known of a client. */
interface ClientState {
  /** Of the last time, in the order of their starts. */
  seconds: (readonly [start: number, asked: Asked])[];
  episode: Episode | null;
  /** The most in a window that has become usual, and when it was last over the limit. */
  usual: number;
  lastOver: number;
}

/** The same as JSON has it. */
interface StoredClient extends Omit<ClientState, 'seconds' | 'episode'> {
  readonly seconds: readonly (readonly [start: number, asked: StoredAsked])[];
  readonly episode: StoredEpisode | null;
}

function stateOf(stored: unknown): ClientState {
  const { episode, seconds, ...state } = stored as StoredClient;
  return {
    ...state,
    seconds: seconds.map(([second, asked]) => [second, Asked.stored(asked)]),
    episode: episodeOf(episode),
  };
}

const CLIENTS = keyValueStore({
  name: STORE,
  keySerde: stringSerde,
  // At first it was written without a number.
  valueSerde: storedStateSerde(STORE, { number: 1, read: stateOf, older: { 0: stateOf } }),
  sharesValues: true,
});

/** Whether nothing has to be remembered of a client. */
function isNothing({ episode, lastOver, seconds, usual }: ClientState, now: number): boolean {
  return episode === null && seconds.length === 0 && (usual === 0 || lastOver + USUAL_FOR_MS < now);
}

class JudgeClients implements Processor<Windowed<string>, BySecond, string, ToldEpisode> {
  readonly #known: () => KnownClients;
  readonly #limits: LimitsOfWindows<Limits>;
  /** Of the window that was judged last. */
  #limit: number;
  readonly #sizeMs: number;
  readonly #advanceMs: number;
  readonly #watchesClock: boolean;
  readonly #verdicts: Verdicts;
  #context: ProcessorContext<string, ToldEpisode> | undefined;
  #clients: KeyValueStore<string, ClientState | null> | undefined;
  /** When, by the clock, stream time last moved, and to where. */
  #movedAt = 0;
  #movedTo = -1;

  constructor({ goal1, watchesClock }: ApplicationConfig, verdicts: Verdicts, limits: LimitsSource) {
    this.#verdicts = verdicts;
    this.#known = following(limits, ({ abuse }) => new KnownClients(abuse.excludedClients, abuse.crawlers));
    this.#limits = new LimitsOfWindows(limits);
    this.#limit = goal1.threshold;
    this.#sizeMs = toMilliseconds(goal1.size, 'the size of a window of goal 1');
    this.#advanceMs = toMilliseconds(goal1.advance, 'how far windows of goal 1 hop');
    this.#watchesClock = watchesClock;
  }

  init(context: ProcessorContext<string, ToldEpisode>): void {
    this.#context = context;
    this.#clients = context.stateStore(CLIENTS);
    const intervalMs = this.#sizeMs;
    // Clients are told to rest; but who they are is forgotten with the process. Stream time is ahead of closed windows.
    context.schedule(SURELY_MS, 'stream-time', () => this.#rest(context.currentStreamTimeMs - SURELY_MS));
    if (!this.#watchesClock) return;
    context.schedule(intervalMs, 'wall-clock-time', (now) => {
      const time = context.currentStreamTimeMs;
      if (time !== this.#movedTo) {
        this.#movedTo = time;
        this.#movedAt = now;
      }
      const silentMs = now - this.#movedAt - PATIENCE_MS;
      return time < 0 || silentMs <= 0 ? undefined : this.#rest(time + silentMs);
    });
  }

  process({ key: { key: client, window }, value }: StreamRecord<Windowed<string>, BySecond>): void {
    const state = this.#clients?.get(client) ?? { seconds: [], episode: null, usual: 0, lastOver: 0 };
    const seconds: BySecond = new Map(state.seconds);
    for (const [second, asked] of value) {
      const before = seconds.get(second);
      seconds.set(second, before === undefined ? asked : Asked.sum([before, asked]));
    }
    const from = window.end - REMEMBERED_WINDOWS * this.#sizeMs;
    state.seconds = [];
    for (const [second, asked] of [...seconds].sort(([one], [other]) => one - other)) {
      if (second >= from) state.seconds.push([second, asked]);
      else if (second >= (state.episode?.alert.window_start ?? second + 1)) state.episode?.total.addAll(asked);
    }
    if (state.episode !== null && window.end - state.episode.lastOver > REST_MS) this.#end(client, state);
    for (const end of this.#ends(state, value)) this.#judge(client, state, end);
    if (isNothing(state, window.end)) this.#clients?.delete(client);
    else this.#clients?.put(client, state);
  }

  /** When windows end that may have more now: each with a second that has something, in their order. */
  #ends({ seconds }: ClientState, added: BySecond): number[] {
    const from = Math.min(...added.keys());
    const until = Math.max(...added.keys()) + this.#sizeMs;
    return seconds.filter(([second]) => second >= from && second < until).map(([second]) => second + this.#advanceMs);
  }

  #judge(client: string, state: ClientState, end: number): void {
    const from = end - this.#sizeMs;
    const within = state.seconds.filter(([second]) => second >= from && second < end).map(([, one]) => one);
    const count = within.reduce((sum, one) => sum + one.count, 0);
    this.#limit = this.#limits.of(from).goal1.threshold;
    if (count <= this.#limit || this.#isMaintenance(from, end, `client/${client}`)) return;
    state.lastOver = Math.max(state.lastOver, end);
    const isFault = isKnownFault(this.#concern(client), end, this.#verdicts);
    if (count <= TIMES_USUAL * state.usual && !isFault) return;
    const asked = Asked.sum(within);
    // What is tried on hosts that are worked on is no abuse of others.
    const hosts = asked.of.parties.top();
    if (hosts.length > 0 && hosts.every(({ value }) => this.#isMaintenance(from, end, `web/${value}`))) return;
    if (!isAbuse(asked, this.#limit, client, this.#known())) return;
    const concern = this.#concern(client);
    if (state.episode === null) {
      state.episode = opened(concern, { start: from, end, value: count }, asked);
      // What is still in the ring is added when it leaves it.
      state.episode.total = new Asked();
      this.#tell(client, toldFirst(state.episode, this.#verdicts));
      return;
    }
    const { episode } = state;
    episode.lastOver = Math.max(episode.lastOver, end);
    episode.peak = Math.max(episode.peak, count);
    const requests = recent(state, episode).reduce((sum, one) => sum + one.count, episode.total.count);
    this.#tell(
      client,
      toldOngoing(episode, concern, requests, () => totalOf(state, episode), this.#verdicts),
    );
    if (isFault || episode.lastOver - episode.alert.time < USUAL_AFTER_MS) return;
    state.usual = episode.peak;
    this.#end(client, state);
  }

  #isMaintenance(from: number, end: number, scope: string): boolean {
    return this.#verdicts.calendar.isMaintenance(from, end, scope);
  }

  #end(client: string, state: ClientState): void {
    const { episode } = state;
    if (episode === null) return;
    this.#tell(client, toldOver(episode, over(episode, this.#concern(client), totalOf(state, episode))));
    state.episode = null;
  }

  #tell(client: string, told: ToldEpisode | undefined): void {
    if (told !== undefined) this.#context?.forward({ key: client, value: told, timestamp: told.episode.alert.time });
  }

  /** Ends what has been quiet for long, and forgets who is gone: of whom nothing tells it any more. */
  async #rest(time: number): Promise<void> {
    const clients = this.#clients;
    if (clients === undefined) return;
    const quiet: [string, ClientState][] = [];
    for await (const [client, state] of readableEntries(clients)) {
      const last = state.episode?.lastOver ?? state.seconds.at(-1)?.[0] ?? 0;
      if (last + REST_MS < time) quiet.push([client, state]);
    }
    for (const [client, state] of quiet) {
      this.#end(client, state);
      if (isNothing({ ...state, seconds: [] }, time)) clients.delete(client);
      else clients.put(client, state);
    }
  }

  #concern(client: string): Concern {
    return {
      detector: 'abusive-client',
      entity: client,
      scope: `client/${client}`,
      party: 'host',
      limit: this.#limit,
      fields: ['client_ip'],
      explain: (asked, peak, from, to) =>
        `${client} made ${short(asked.count)} requests in ${span(to - from)}` +
        `${to - from > this.#sizeMs ? `, up to ${short(peak)} in ${span(this.#sizeMs)}` : ''}, where ` +
        `${short(this.#limit)} is the most. ${asksInWords(asked, 'host')}`,
    };
  }
}

/** What of an episode is not yet in its sum. */
function recent({ seconds }: ClientState, { alert, lastOver }: Episode): Asked[] {
  return seconds.filter(([second]) => second >= alert.window_start && second < lastOver).map(([, asked]) => asked);
}

function totalOf(state: ClientState, episode: Episode): Asked {
  return Asked.sum([episode.total, ...recent(state, episode)]);
}
