/** When a fault is, in milliseconds since the epoch: [start, end). */
interface Timed {
  readonly startMs: number;
  readonly endMs: number;
}

/** Faults in the order of their begins, as time goes on. */
export class FaultSchedule<F extends Timed> {
  /** Every fault that has begun. */
  readonly begun: F[] = [];
  readonly #coming: Iterator<F>;
  readonly #stays: (fault: F) => boolean;
  #next: F | undefined;
  #active: F[] = [];

  /** @param stays whether a fault that has begun is never over; default: none is */
  constructor(faults: Iterable<F>, stays: (fault: F) => boolean = () => false) {
    this.#coming = faults[Symbol.iterator]();
    this.#stays = stays;
    this.#next = this.#coming.next().value;
  }

  /** The faults that are there at the time, which does not go back. */
  at(timeMs: number): readonly F[] {
    this.#active = this.#active.filter((fault) => this.#lasts(fault, timeMs));
    while (this.#next !== undefined && this.#next.startMs <= timeMs) {
      this.begun.push(this.#next);
      if (this.#lasts(this.#next, timeMs)) this.#active.push(this.#next);
      this.#next = this.#coming.next().value;
    }
    return this.#active;
  }

  #lasts(fault: F, timeMs: number): boolean {
    return this.#stays(fault) || timeMs < fault.endMs;
  }
}
