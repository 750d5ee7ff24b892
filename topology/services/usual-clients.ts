import { poissonTail } from '../../detection/count-chart.js';

/** The requests of a client in a window. */
export interface RequestCounts {
  count: number;
  /** Of status 400 to 499. */
  clientErrors: number;
}

/** What the clients of a service do, as far as this process has seen it. */
interface Usual {
  windows: number;
  window: number;
  /** The most of one client in this window, and usually. */
  most: number;
  mostErrors: number;
  usualMost: number;
  usualMostErrors: number;
  requests: number;
  clientErrors: number;
}

/** A client that has more than so many times what the busiest usually has is no usual one. */
const TIMES = 3;
const MEMORY = 120;
/** Requests whose share of client errors is remembered. */
const REMEMBERED = 50_000;
/** Windows before which nobody is called unusual. */
const WARMUP = 6;
export const SCAN_CHANCE = 1e-9;

/**
 * What is much for a client of a service: limits are floors, for behind one address there may be a whole network, and where
 * four of ten responses are client errors a busy client has many.
 */
export class UsualClients {
  readonly #services = new Map<string, Usual>();

  constructor(
    /** They may change. */
    readonly limits: () => { readonly requests: number; readonly clientErrors: number },
    /** Services that are remembered at most. */
    readonly most = 1000,
    /** So rare by chance are client errors that are a scan of a service. */
    readonly chance: (service: string) => number = () => SCAN_CHANCE,
  ) {}

  /** Learns of a client in a window, which starts at a time. */
  learn(service: string, start: number, { clientErrors, count }: RequestCounts): void {
    const usual = this.#of(service);
    if (start > usual.window) {
      if (usual.windows > 0) {
        const rate = Math.max(1 / usual.windows, 1 / MEMORY);
        const towards = (mean: number, value: number) =>
          mean + rate * ((usual.windows > WARMUP ? Math.min(value, 2 * mean + 2) : value) - mean);
        usual.usualMost = towards(usual.usualMost, usual.most);
        usual.usualMostErrors = towards(usual.usualMostErrors, usual.mostErrors);
      }
      usual.windows++;
      Object.assign(usual, { window: start, most: 0, mostErrors: 0 });
    }
    usual.most = Math.max(usual.most, count);
    usual.mostErrors = Math.max(usual.mostErrors, clientErrors);
    if (this.isScan(service, { clientErrors, count })) return;
    const keep = usual.requests > REMEMBERED ? 0.5 : 1;
    usual.requests = keep * usual.requests + count;
    usual.clientErrors = keep * usual.clientErrors + clientErrors;
  }

  isAbusive(service: string, { count }: RequestCounts): boolean {
    const { usualMost, windows } = this.#of(service);
    return count > this.limits().requests && windows > WARMUP && count > TIMES * usualMost;
  }

  isScan(service: string, { clientErrors, count }: RequestCounts): boolean {
    if (clientErrors <= this.limits().clientErrors) return false;
    const usual = this.#of(service);
    if (usual.windows <= WARMUP || clientErrors <= TIMES * usual.usualMostErrors) return false;
    const share = (usual.clientErrors + 1) / (usual.requests + 20);
    return poissonTail(clientErrors, share * count) < this.chance(service);
  }

  /** The most that is usual, for the words of an alert. */
  limitsOf(service: string): { readonly requests: number; readonly clientErrors: number } {
    const { usualMost, usualMostErrors } = this.#of(service);
    return {
      requests: Math.max(this.limits().requests, TIMES * usualMost),
      clientErrors: Math.max(this.limits().clientErrors, TIMES * usualMostErrors),
    };
  }

  #of(service: string): Usual {
    let usual = this.#services.get(service);
    if (usual === undefined) {
      usual = {
        ...{ windows: 0, window: -1, most: 0, mostErrors: 0, usualMost: 0, usualMostErrors: 0 },
        ...{ requests: 0, clientErrors: 0 },
      };
      if (this.#services.size >= this.most) {
        const [oldest] = this.#services.keys();
        if (oldest !== undefined) this.#services.delete(oldest);
      }
      this.#services.set(service, usual);
    }
    return usual;
  }
}
